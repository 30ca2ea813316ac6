// "Reset password" for those who are ticked: two, a whole page of forty, and never more.
import assert from "node:assert/strict";

import { ACCOUNTS, nameOf, showsNotice, signIn, signedIn } from "../administration.mjs";

const RESET = "Reset password of the selected";

export default async function resetForty(stage) {
  const page = await signedIn(stage, stage.administrator, ACCOUNTS);

  await list(page);
  await press(page, RESET);
  await showsNotice(stage, page, "Nothing was selected: tick at least one account.");
  assert.equal(new URL(page.url()).search, "?prefix=crowd-", "it is the same search");

  await twoAreReset(stage, page);
  await fortyAreReset(stage, page);

  await list(page);
  await page.getByRole("button", { name: "Select all on this page" }).click();
  // No page has as many boxes.
  await page.evaluate(() => {
    const [box] = document.querySelectorAll("input[name=account]");
    const another = box.cloneNode();
    another.checked = true;
    another.value = "0190c3a5-7e1c-7b2a-9f00-0123456789ab";
    box.after(another);
  });
  await press(page, RESET);
  await showsNotice(stage, page, "Too much was selected: tick at most 40 accounts.");
}

const list = (page) => page.goto(`${ACCOUNTS}?prefix=crowd-`);
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();
const passwords = (page) => page.locator("#results td code").allTextContents();

async function twoAreReset(stage, page) {
  await list(page);
  const listed = await page.locator("#results tbody th a").allInnerTexts();
  const people = listed.slice(0, 2).map((name) => stage.crowd.find((person) => nameOf(person) === name));
  for (const person of people) {
    await page.getByRole("checkbox", { name: `Select ${nameOf(person)}`, exact: true }).check();
  }
  await press(page, RESET);
  await stage.titled(page, "Reset passwords");
  const named = await page.locator(".subjects li").allInnerTexts();
  assert.deepEqual(named, people.map((person) => `${nameOf(person)} (${person.login})`));
  await page.getByLabel("What becomes of the password").selectOption({ label: "Generate one to read out" });
  await press(page, "Reset passwords of 2");
  await stage.titled(page, "What became of the passwords");
  await stage.look(page, "passwords-to-read-out");

  const drawn = await passwords(page);
  assert.equal(new Set(drawn).size, 2, "each has another one");
  for (const password of drawn) assert.ok(!decodeURIComponent(page.url()).includes(password));
  const [, { login }] = people;
  const theirs = await stage.open();
  const row = page.locator("#results tbody tr", { hasText: login });
  await signIn(theirs, login, await row.locator("code").textContent());
  await stage.titled(theirs, "Choose a new password");

  await page.reload();
  await showsNotice(stage, page, "This was done before and is not done again.");
  for (const password of drawn) assert.ok(!(await page.content()).includes(password));
}

async function fortyAreReset(stage, page) {
  await list(page);
  await page.getByRole("button", { name: "Select all on this page" }).click();
  await press(page, RESET);
  await stage.titled(page, "Reset passwords");
  assert.equal(await page.locator(".subjects li").count(), 40);
  await press(page, "Reset passwords of 40");
  await stage.titled(page, "What became of the passwords");

  const drawn = await passwords(page);
  assert.deepEqual([drawn.length, new Set(drawn).size], [40, 40]);
  await page.getByRole("link", { name: "Back to the accounts" }).click();
  await stage.titled(page, "Accounts");
}
