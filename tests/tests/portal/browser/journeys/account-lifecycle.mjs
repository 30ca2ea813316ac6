// An account is created, changed, deleted and brought back.
import assert from "node:assert/strict";

import { ACCOUNTS, act, showsNotice, signIn, signedIn } from "../administration.mjs";
import { isWrong, send } from "../reset.mjs";

export default async function accountLifecycle(stage) {
  const [known] = stage.people;
  const newcomer = { login: "newcomer@acme.example", password: stage.newPassword };
  const page = await signedIn(stage, stage.administrator, ACCOUNTS);

  await created(stage, page, newcomer, known);
  await renamed(stage, page);
  await signedIn(stage, newcomer);
  await deletedAndBroughtBack(stage, page, newcomer);
}

async function created(stage, page, newcomer, known) {
  await page.getByRole("link", { name: "New account" }).click();
  await stage.titled(page, "New account");
  await stage.look(page, "new-account");
  await send(page);
  await isWrong(stage, page, "logins", "Enter at least one login");

  await page.getByLabel("Logins").fill(known.login);
  await page.getByLabel("Name", { exact: true }).fill("Newcomer");
  await send(page);
  await isWrong(stage, page, "logins", "another account has this user name or address");
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "Newcomer");

  await page.getByLabel("Logins").fill(newcomer.login);
  await page.getByLabel("First password (optional)").fill("acme");
  await send(page);
  await isWrong(stage, page, "password", "Not met yet: is long enough for your organisation");

  await page.getByLabel("First password (optional)").fill(newcomer.password);
  await page.getByRole("button", { name: "Create the account" }).click();
  await stage.titled(page, "Newcomer");
  await showsNotice(stage, page, "The account is created.");
}

async function renamed(stage, page) {
  await page.getByRole("link", { name: "Change names" }).click();
  await stage.titled(page, "Change names: Newcomer");
  await page.getByLabel("Name", { exact: true }).fill("newcomer");
  await page.getByRole("button", { name: "Save" }).click();
  await stage.titled(page, "newcomer");
  await showsNotice(stage, page, "The changes are saved.");
}

async function deletedAndBroughtBack(stage, page, newcomer) {
  await act(stage, page, newcomer, "Delete the account", "The account is deleted.");
  await stage.titled(page, "Accounts");
  const theirs = await stage.open();
  await signIn(theirs, newcomer.login, newcomer.password);
  await isWrong(stage, theirs, "password", "This user name and password do not fit together");

  await page.goto(ACCOUNTS);
  await page.getByLabel("State").selectOption({ label: "Deleted" });
  await page.locator("#count", { hasText: /^Found: 1$/ }).waitFor();
  assert.equal(await page.getByRole("checkbox").count(), 0, "it has no password to be reset");
  await page.getByRole("link", { name: "newcomer", exact: true }).click();
  await stage.titled(page, "newcomer");
  await act(stage, page, newcomer, "Bring the account back", "The account is back.");
  await signedIn(stage, newcomer);
}
