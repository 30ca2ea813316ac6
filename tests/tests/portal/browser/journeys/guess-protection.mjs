// While somebody tries one password on many logins, a right one alone signs nobody in where they were not seen before: a code is mailed.
import assert from "node:assert/strict";

import { showsProblem, submitPassword } from "../account.mjs";
import { enterCode, wrongCode } from "../reset.mjs";

// As many as the suite takes for guessing, and for how long it remembers them.
const GUESSES = 4;
const REMEMBERED_SECONDS = 600;

export default async function guessProtection(stage) {
  await guess(stage);
  for (const [person, options] of stage.ways) await checked(stage, person, options);
  // Afterwards a password is enough again.
  await stage.advance(2 * REMEMBERED_SECONDS + 1);
}

async function guess(stage) {
  const page = await stage.open();
  for (let number = 1; number <= GUESSES; number += 1) {
    await submitPassword(page, { login: `nobody-${number}@acme.example`, password: "summer 2026 sunshine" });
    await page.locator(".summary").waitFor();
  }
}

async function checked(stage, person, options) {
  const page = await stage.open(options);
  await submitPassword(page, person);
  await stage.titled(page, "Check that it is you");
  await page.getByText("Somebody is guessing passwords in your organisation").waitFor();
  assert.deepEqual(await stage.codes(person.login), [], "nothing is sent before it is asked for");

  await page.getByRole("button", { name: "Get a verification code" }).click();
  await stage.titled(page, "Enter the code");
  const told = await page.getByText(/^A code is on its way to /).innerText();
  assert.ok(!told.includes(person.login), told);
  const code = await stage.code(person.login);
  await enterCode(page, "");
  await showsProblem(stage, page, "Enter the code");
  await enterCode(page, wrongCode(code));
  await showsProblem(stage, page, "This code is not right, or no longer good");
  await enterCode(page, code);
  await stage.titled(page, "My account");
}
