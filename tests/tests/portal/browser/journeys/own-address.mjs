// An e-mail address or a phone number is added by the code that comes to it, and removed after a question that names it.
import assert from "node:assert/strict";

import { showsNotice, showsProblem, signIn } from "../account.mjs";
import { enterCode, isWrong, send, wrongCode } from "../reset.mjs";

const MAIL = { field: "email", kind: "E-mail address", add: "Add an e-mail address" };
const PHONE = { field: "phone", kind: "Phone number", add: "Add a phone number" };

export default async function ownAddress(stage) {
  const [first] = stage.people;
  await mistakes(stage, first);
  for (const [person, options] of stage.ways) {
    const address = person.login.replace("acme", "home");
    await addedAndRemoved(stage, { ...MAIL, person, address }, options);
  }
  // Codes of one account are sent at some distance from each other.
  await stage.advance(600);
  for (const [index, [person, options]] of stage.ways.entries()) {
    await addedAndRemoved(stage, { ...PHONE, person, address: `+1212555017${index}` }, options);
  }
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
  await page.goto("/account/security-info/phone");
  await page.getByText("Text messages can be read on their way").waitFor();
  await page.locator("#phone").fill("nothing of the kind");
  await send(page);
  await isWrong(stage, page, "phone", "Enter a phone number with + and the code of its country");
}

async function addedAndRemoved(stage, { person, address, field, kind, add }, options) {
  const page = await stage.open(options);
  await signIn(stage, page, person);
  await page.getByRole("link", { name: "Security info" }).first().click();
  await stage.titled(page, "Security info");
  await page.getByRole("link", { name: add }).click();
  await stage.titled(page, add);
  assert.equal(await page.getByLabel(kind, { exact: true }).getAttribute("name"), field);
  await page.getByLabel(kind, { exact: true }).fill(address);
  await page.getByRole("button", { name: "Get a verification code" }).click();
  await stage.titled(page, "Enter the code");
  const code = await stage.code(address);
  await enterCode(page, wrongCode(code));
  await showsProblem(stage, page, "This code is not right, or no longer good");
  await enterCode(page, code);
  await showsNotice(stage, page, "It is confirmed.");

  const added = page.getByRole("row").filter({ hasText: "Changed recently" });
  assert.equal(await page.locator("tbody tr").count(), 2);
  await added.getByRole("link", { name: `Remove ${kind}: ` }).click();
  await stage.titled(page, "Remove this way?");
  await page.getByRole("link", { name: "Cancel" }).click();
  await stage.titled(page, "Security info");
  assert.equal(await page.locator("tbody tr").count(), 2, "a question removes nothing");
  await added.getByRole("link", { name: `Remove ${kind}: ` }).click();
  await page.getByRole("button", { name: "Remove from my account" }).click();
  await showsNotice(stage, page, "It was removed. Your other addresses were told.");
  assert.equal(await page.locator("tbody tr").count(), 1);
}
