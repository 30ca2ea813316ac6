// An e-mail address is added by the code that comes to it, and removed after a question that names it.
import assert from "node:assert/strict";

import { refused, said, signIn } from "../account.mjs";
import { another, enterCode, isWrong, send } from "../reset.mjs";

export default async function ownAddress(stage) {
  await mistakes(stage, stage.people[0]);
  for (const [person, options] of stage.ways) await addedAndRemoved(stage, person, options);
}

async function mistakes(stage, person) {
  const page = await stage.open();
  await signIn(stage, page, person);
  await page.goto("/account/security-info/email");
  await send(page);
  await isWrong(stage, page, "email", "Enter what you want to add");
  await page.locator("#email").fill("nothing of the kind");
  await send(page);
  await isWrong(stage, page, "email", "Enter an e-mail address, such as you@example.com");
}

async function addedAndRemoved(stage, person, options) {
  const address = person.login.replace("acme", "home");
  const page = await stage.open(options);
  await signIn(stage, page, person);
  await page.getByRole("link", { name: "Security info" }).first().click();
  await stage.titled(page, "Security info");
  await page.getByRole("link", { name: "Add an e-mail address" }).click();
  await stage.titled(page, "Add an e-mail address");
  await page.getByLabel("E-mail address").fill(address);
  await page.getByRole("button", { name: "Get a verification code" }).click();
  await stage.titled(page, "Enter the code");
  const code = await stage.code(address);
  await enterCode(page, another(code));
  await refused(stage, page, "This code is not right, or no longer good");
  await enterCode(page, code);
  await said(stage, page, "It is confirmed.");

  const added = page.getByRole("row").filter({ hasText: "Changed recently" });
  assert.equal(await page.locator("tbody tr").count(), 2);
  await added.getByRole("link", { name: /^Remove E-mail address: / }).click();
  await stage.titled(page, "Remove this way?");
  await page.getByRole("link", { name: "Cancel" }).click();
  await stage.titled(page, "Security info");
  assert.equal(await page.locator("tbody tr").count(), 2, "a question removes nothing");
  await added.getByRole("link", { name: /^Remove E-mail address: / }).click();
  await page.getByRole("button", { name: "Remove from my account" }).click();
  await said(stage, page, "It was removed. Your other addresses were told.");
  assert.equal(await page.locator("tbody tr").count(), 1);
}
