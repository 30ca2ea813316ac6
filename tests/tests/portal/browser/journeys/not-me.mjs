// The link "this was not me": opening it changes nothing, pressing its button does. Its token leaves the address at once.
import assert from "node:assert/strict";

import { history, isSignedOut, signIn } from "../account.mjs";
import { wordForWord } from "../reset.mjs";

export default async function notMe(stage) {
  const [person] = stage.people;
  await wordForWord(stage, await stage.open(), person);
  const thief = await stage.open();
  await signIn(stage, thief, { ...person, password: stage.newPassword });
  const link = await stage.link(person.login, "/not-me");
  const token = new URL(link).searchParams.get("token");

  const page = await stage.open();
  const referrers = [];
  page.on("request", (request) => referrers.push(request.headers().referer ?? ""));
  await page.goto(link);
  await stage.titled(page, "Did you reset your password?");
  assert.equal(page.url(), `${stage.portal}/not-me`);
  await signIn(stage, await stage.open(), { ...person, password: stage.newPassword });
  await page.getByRole("button", { name: "This was not me" }).click();
  await stage.titled(page, "The reset is undone");
  const left = [...referrers, ...(await history(page)), await page.content()];
  assert.ok(referrers.length > 2);
  assert.deepEqual(left.filter((text) => text.includes(token)), []);

  await isSignedOut(stage, thief, "/account");
  stage.shutOut(person);
  await isSpent(stage, page, link);
  await isTorn(stage, page);
}

async function isSpent(stage, page, link) {
  await page.goto(link);
  await stage.titled(page, "Did you reset your password?");
  await page.getByRole("button", { name: "This was not me" }).click();
  await stage.titled(page, "This link no longer works");
}

async function isTorn(stage, page) {
  for (const torn of ["/not-me?token=%22", "/new-password?token=a%20b", "/new-password"]) {
    await page.goto(torn);
    await stage.titled(page, "This link is not complete");
  }
}
