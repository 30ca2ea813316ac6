// Everything that can be wrong with a form is said beside its field, and what is right afterwards passes.
import assert from "node:assert/strict";

import { askForCode, begin, choose, enterCode, isWrong, send, set, wrongCode } from "../reset.mjs";

export default async function mistakes(stage) {
  const [person] = stage.people;
  const page = await stage.open();
  await page.goto("/o/acme");

  await page.goto("/reset");
  await send(page);
  await isWrong(stage, page, "login", "Enter your user name or e-mail address");

  await begin(page, person.login);
  await send(page);
  await isWrong(stage, page, "method", "Choose how you want to prove it");

  await askForCode(page);
  await codes(stage, page, person);
  await passwords(stage, page);
  await set(stage, page, person);
}

async function codes(stage, page, person) {
  const code = await stage.code(person.login);
  await send(page);
  await isWrong(stage, page, "code", "Enter the code");

  await enterCode(page, wrongCode(code));
  await isWrong(stage, page, "code", "This code is not right, or no longer good");
  assert.ok(!(await page.content()).includes(wrongCode(code)), "what was typed is not shown again");

  await paste(page, `Route 6600, 9:41: ${code.slice(0, 3)} ${code.slice(3)} is your code for 10 minutes`);
  assert.equal(await page.locator("#code").inputValue(), code);
  await enterCode(page, `Your code is ${code.slice(0, 3)} ${code.slice(3)}.`);
  await page.waitForURL(/\/password$/);
}

// What a browser tells of a text that is pasted.
function paste(page, text) {
  return page.locator("#code").evaluate((field, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}

// While it is typed.
async function strength(stage, page) {
  const meter = page.getByRole("meter", { name: "Strength of the new password" });
  const said = page.getByRole("status").filter({ hasText: /^Met: / });
  const rules = await page.locator("[data-rule]").count();
  assert.equal(await meter.count(), 0, "nothing is measured before");

  await page.locator("#password").fill("acme");
  await page.locator("[data-rule=MINIMUM_LENGTH].broken").waitFor();
  const broken = await page.locator("[data-rule].broken").count();
  assert.equal(await said.innerText(), `Met: ${rules - broken} of ${rules}`);
  assert.deepEqual(await meter.evaluate(({ value, max }) => [value, max]), [rules - broken, rules]);
  await stage.check(page);

  await page.locator("#password").fill(stage.newPassword);
  await page.locator("[data-rule=MINIMUM_LENGTH].kept").waitFor();
  assert.equal(await said.innerText(), `Met: ${rules} of ${rules}`);
}

async function passwords(stage, page) {
  await send(page);
  await isWrong(stage, page, "password", "Enter a new password");

  await choose(page, stage.newPassword, "another one");
  await isWrong(stage, page, "repeated", "Enter the same password in both fields");

  await strength(stage, page);

  // The name of the organisation, and far too short.
  await choose(page, "acme");
  await isWrong(stage, page, "password", "Not met yet: has at least 8 characters");
  const said = await page.locator(".summary a").allInnerTexts();
  const marked = await page.locator(".rules li.broken").allInnerTexts();
  assert.ok(said.includes("Not met yet: is not made of your organisation's name"), said.join("\n"));
  assert.deepEqual(said.toSorted(), marked.map((rule) => `Not met yet: ${rule}`).toSorted());
}
