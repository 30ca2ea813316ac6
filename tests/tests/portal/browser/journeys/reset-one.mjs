// "Reset password" for one account, in each of its ways.
import assert from "node:assert/strict";

import { account, showsNotice, signIn, signedIn } from "../administration.mjs";
import { choose, isWrong } from "../reset.mjs";

export default async function resetOne(stage) {
  const [person, other] = stage.people;
  const [linked, asked] = stage.crowd;
  const page = await signedIn(stage, stage.administrator);
  await page.getByRole("link", { name: "Administration" }).click();
  await stage.titled(page, "Accounts");

  await aPasswordIsReadOut(stage, page, person);
  await onePasswordIsEntered(stage, page, other);

  await reset(stage, page, linked, "Send a link by mail");
  await stage.titled(page, "The password is reset");
  await page.getByText("A link was sent to").waitFor();
  await reset(stage, page, asked, "Keep it, to be changed at the next sign-in");
  await stage.titled(page, "The password is reset");
  await changes(stage, asked, asked.password);
}

async function reset(stage, page, person, way) {
  await account(stage, page, person);
  await page.getByRole("link", { name: "Reset password", exact: true }).click();
  await stage.titled(page, "Reset password");
  assert.ok((await page.locator(".subjects").innerText()).includes(person.login));
  await page.getByLabel("What becomes of the password").selectOption({ label: way });
  await page.getByRole("button", { name: "Reset password", exact: true }).click();
}

async function aPasswordIsReadOut(stage, page, person) {
  await reset(stage, page, person, "Generate one to read out");
  await stage.titled(page, "The password is reset");
  await stage.look(page, "password-to-read-out");
  const password = await page.locator("#secret").textContent();
  assert.ok(password.length >= 8, "a password is shown");
  const address = decodeURIComponent(page.url());

  // It is shown in that answer and nowhere else: a reload leads back to the account.
  await page.getByRole("link", { name: "Back to the account" }).waitFor();
  await page.reload();
  await showsNotice(stage, page, "This was done before and is not done again.");
  await stage.titled(page, person.login.split("@")[0]);
  for (const text of [address, page.url(), await page.content()]) assert.ok(!text.includes(password));

  const theirs = await stage.open();
  await signIn(theirs, person.login, person.password);
  await isWrong(stage, theirs, "password", "This user name and password do not fit together");
  await changes(stage, person, password);
  stage.changed(person);
}

async function onePasswordIsEntered(stage, page, person) {
  const button = page.getByRole("button", { name: "Reset password", exact: true });
  await reset(stage, page, person, "Set the one that I enter");
  await isWrong(stage, page, "password", "Enter a new password");
  await page.locator("#password").fill("acme");
  await button.click();
  await isWrong(stage, page, "password", "Not met yet: is long enough for your organisation");
  const given = "seven lamps under a bridge";
  await page.locator("#password").fill(given);
  await button.click();
  await stage.titled(page, "The password is reset");
  assert.equal(await page.locator("#secret").count(), 0, "nobody has to be told");
  assert.ok(!(await page.content()).includes(given));

  await changes(stage, person, given);
  stage.changed(person);
}

// Somebody signs in with a password that serves for setting another one.
async function changes(stage, person, password) {
  const page = await stage.open();
  await signIn(page, person.login, password);
  await stage.titled(page, "Choose a new password");
  await page.getByText("An administrator wants you to choose a new password.").waitFor();
  await choose(page, stage.newPassword);
  await page.waitForURL((url) => url.pathname === "/account");
  await stage.check(page);
}
