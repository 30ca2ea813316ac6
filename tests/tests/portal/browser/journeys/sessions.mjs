// Where somebody is signed in: each session is ended by its row, and all others at once.
import assert from "node:assert/strict";

import { isSignedOut, showsNotice, signIn } from "../account.mjs";

export default async function sessions(stage) {
  for (const [person, options] of stage.ways) await ended(stage, person, options);
}

async function ended(stage, person, options) {
  const here = await stage.open(options);
  const elsewhere = [await stage.open(), await stage.open(), await stage.open()];
  for (const page of [here, ...elsewhere]) await signIn(stage, page, person);

  await here.goto("/account/sessions");
  await stage.titled(here, "Sessions");
  assert.equal(await here.locator("tbody tr").count(), 4);
  await here.locator("tbody").getByRole("button", { name: /^End / }).first().click();
  await showsNotice(stage, here, "The session was ended.");
  assert.equal(await here.locator("tbody tr").count(), 3);
  const out = await Promise.all(elsewhere.map(isOut));
  assert.equal(out.filter(Boolean).length, 1);

  await here.getByRole("button", { name: "End all others" }).click();
  await showsNotice(stage, here, "Sessions ended: 2");
  assert.equal(await here.locator("tbody tr").count(), 1);
  await here.locator("td", { hasText: "This one" }).waitFor();
  assert.equal(await here.getByRole("button", { name: "End all others" }).count(), 0);
  await keptWhole(stage, elsewhere[out.indexOf(false)]);
  for (const page of elsewhere) await isSignedOut(stage, page, "/account");
}

// A page that is still shown, as a browser brings it back that kept it whole: it is asked for anew. Playwright's Chromium keeps none.
async function keptWhole(stage, page) {
  await stage.titled(page, "My account");
  await page.evaluate(() => {
    setTimeout(() => window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
  });
  await stage.titled(page, "Sign in");
}

async function isOut(page) {
  await page.goto("/account");
  return new URL(page.url()).pathname === "/sign-in";
}
