// Accounts of two organisations are linked by signing in to both; then one leads to the other, until the link is ended.
import assert from "node:assert/strict";

import { showsNotice, signIn } from "../account.mjs";
import { isWrong } from "../reset.mjs";

const HERE = "Acme Works";

export default async function directories(stage) {
  const [[person], ...others] = stage.ways;
  const page = await stage.open();
  await signIn(stage, page, person);
  await mistakes(stage, page);
  await nothingIsLinked(stage, page);
  await linked(stage, page);
  await overAndBack(stage, page);
  await unlinked(stage, page);
  await isOf(page, person, HERE);

  for (const [other, options] of others) {
    const theirs = await stage.open(options);
    await signIn(stage, theirs, other);
    await linked(stage, theirs);
    await overAndBack(stage, theirs);
  }
}

async function mistakes(stage, page) {
  const { handle, person } = stage.elsewhere;
  await page.getByRole("link", { name: "Directories" }).first().click();
  await stage.titled(page, "Directories");
  await page.getByRole("link", { name: "Link another account" }).click();
  await stage.titled(page, "Link another account");
  await name(page, "acme", person);
  await isWrong(stage, page, "organisation", "You are signed in to this organisation already. Name another one");
  await name(page, "nobody", person);
  await isWrong(stage, page, "organisation", "No organisation has this name.");
  await name(page, handle, { ...person, password: "not the one" });
  await isWrong(stage, page, "password", "This did not sign you in there. Check what you entered");
}

async function nothingIsLinked(stage, page) {
  await toQuestion(stage, page);
  await page.getByRole("button", { name: "Do not link them" }).click();
  await showsNotice(stage, page, "Nothing was linked.");
  assert.equal(await page.getByRole("button", { name: /^Switch / }).count(), 0);
}

async function linked(stage, page) {
  await toQuestion(stage, page);
  await page.getByRole("button", { name: "Link the two accounts" }).click();
  await showsNotice(stage, page, `Your account is linked with ${stage.elsewhere.name}.`);
}

async function overAndBack(stage, page) {
  await page.getByRole("button", { name: `Switch ${stage.elsewhere.name}` }).click();
  await stage.titled(page, "My account");
  await page.locator("dd", { hasText: stage.elsewhere.name }).waitFor();
  await page.goto("/account/directories");
  await stage.titled(page, "Directories");
  await page.getByRole("button", { name: `Switch ${HERE}` }).click();
  await page.locator("dd", { hasText: HERE }).waitFor();
  await stage.check(page);
}

async function unlinked(stage, page) {
  const { name } = stage.elsewhere;
  await page.goto("/account/directories");
  await page.getByRole("link", { name: `Unlink ${name}` }).click();
  await stage.titled(page, "Unlink this account?");
  await page.getByRole("button", { name: "Unlink this account" }).click();
  await showsNotice(stage, page, `The link with ${name} was ended.`);
  assert.equal(await page.getByRole("button", { name: /^Switch / }).count(), 0);
}

// From the form to the question whether to link the two.
async function toQuestion(stage, page) {
  const { handle, person } = stage.elsewhere;
  await page.goto("/account/directories/link");
  await name(page, handle, person);
  await stage.titled(page, "Link these two accounts?");
}

async function name(page, organisation, { login, password }) {
  await page.getByLabel("Other organisation").fill(organisation);
  await page.getByLabel("User name or e-mail address there").fill(login);
  await page.getByLabel("Password there").fill(password);
  await page.getByRole("button", { name: "Sign in there" }).click();
}

async function isOf(page, { login }, organisation) {
  await page.goto("/account");
  const facts = await page.locator("dd").allInnerTexts();
  assert.deepEqual(facts.slice(0, 2), [login, organisation]);
}
