// An administrator has a one-time link mailed: it sets a password once, and its token leaves the address at once.
import assert from "node:assert/strict";

import { history, showsProblem, signIn, submitPassword } from "../account.mjs";
import { choose, isWrong, showsRules } from "../reset.mjs";

export default async function oneTimeLink(stage) {
  const [person, other] = stage.people;
  await setsOnce(stage, person);
  await setsWithoutScripts(stage, other);
}

async function setsOnce(stage, person) {
  const page = await stage.open();
  await stage.resetPassword(person, "LINK");
  await submitPassword(page, person);
  await showsProblem(stage, page, "This user name and password do not fit together");
  const link = await stage.link(person.login, "/new-password");
  const token = new URL(link).searchParams.get("token");

  await page.goto(link);
  await stage.titled(page, "Choose a new password");
  assert.equal(page.url(), `${stage.portal}/new-password`);
  await showsRules(stage, page);
  await choose(page, stage.newPassword, "another one");
  await isWrong(stage, page, "repeated", "Enter the same password in both fields");
  await choose(page, "password1");
  await isWrong(stage, page, "password", "Not met yet: is not one of the passwords that many people use");
  await choose(page, stage.newPassword);
  await stage.titled(page, "Your new password is set");
  stage.changed(person);
  const left = [...(await history(page)), await page.content()];
  assert.deepEqual(left.filter((text) => text.includes(token)), []);

  await page.goto(link);
  await stage.titled(page, "This link no longer works");
  await signIn(stage, page, { ...person, password: stage.newPassword });
}

async function setsWithoutScripts(stage, person) {
  const page = await stage.open({ javaScriptEnabled: false });
  await stage.resetPassword(person, "LINK");
  await page.goto(await stage.link(person.login, "/new-password"));
  await stage.titled(page, "Choose a new password");
  await choose(page, stage.newPassword);
  await stage.titled(page, "Your new password is set");
  stage.changed(person);
}
