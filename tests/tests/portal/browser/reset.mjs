// The steps of a reset. `wordForWord` finds everything by what a reader is told, in English; the others by structure, in any language.
import assert from "node:assert/strict";

// From the first page to the last, by their words.
export async function wordForWord(stage, page, person) {
  await page.goto("/o/acme");
  await stage.titled(page, "Can't access your account?");
  await page.getByRole("link", { name: "I forgot my password" }).click();
  await stage.titled(page, "Who are you?");
  await page.getByLabel("User name or e-mail address").fill(person.login);
  await page.getByRole("button", { name: "Next" }).click();
  await stage.titled(page, "Prove that it is you");
  await page.getByRole("radio", { name: "A code by e-mail" }).check();
  await page.getByRole("button", { name: "Get a verification code" }).click();
  await stage.titled(page, "Enter the code");
  await page.getByLabel("Code", { exact: true }).fill(await stage.code(person.login));
  await page.getByRole("button", { name: "Verify" }).click();
  await stage.titled(page, "Choose a new password");
  await page.getByLabel("New password", { exact: true }).fill(stage.newPassword);
  await page.getByLabel("The same again").fill(stage.newPassword);
  await page.getByRole("button", { name: "Set the password" }).click();
  await stage.titled(page, "Your new password is set");
  stage.changed(person);
}

// Presses the one button that matters.
export const send = (page) => page.locator("main form button").first().click();

// Says which organisation, by its address. Where that leads is left before it is drawn.
export const chooseOrganisation = (page) => page.goto("/o/acme", { waitUntil: "commit" });

// "Who are you?"
export async function begin(page, login) {
  await chooseOrganisation(page);
  await page.goto("/reset");
  await page.locator("#login").fill(login);
  await send(page);
  await page.waitForURL(/\/prove$/);
}

// "Prove that it is you", by mail.
export async function askForCode(page) {
  await page.locator("input[name=method]").first().check();
  await send(page);
  await page.waitForURL(/\/code$/);
}

// "Enter the code", whatever is made of it.
export async function enterCode(page, code) {
  await page.locator("#code").fill(code);
  await send(page);
}

// The same with one that is right.
export async function prove(page, code) {
  await enterCode(page, code);
  await page.waitForURL(/\/password$/);
}

// "Choose a new password", whatever is made of it.
export async function choose(page, password, repeated = password) {
  await page.locator("#password").fill(password);
  await page.locator("#repeated").fill(repeated);
  await send(page);
}

// The same with one that is good.
export async function set(stage, page, person) {
  await choose(page, stage.newPassword);
  await page.waitForURL(/\/reset\/done$/);
  stage.changed(person);
}

// From the first page to the last; each is shown to `visit` under its name.
export async function walkReset(stage, page, person, visit) {
  await page.goto("/o/acme");
  await visit("start");
  await page.goto("/reset");
  await visit("who");
  await begin(page, person.login);
  await visit("prove");
  await askForCode(page);
  // A page into which nobody types looks by itself for something new to say.
  await page.locator("#code").fill("123");
  await visit("code");
  await prove(page, await stage.code(person.login));
  await visit("password");
  await set(stage, page, person);
  await visit("done");
}

// Something is wrong with a field: that is said in the title, at the top, where the focus is, and beside the field; and the page is whole.
export async function isWrong(stage, page, field, text) {
  await page.locator(`.summary a[href="#${field}"]`, { hasText: text }).waitFor();
  // Scripts have run by then.
  await page.waitForLoadState("load");
  assert.match(await page.title(), /^Error: /);
  assert.ok((await page.locator(`#${field}-problem`).innerText()).includes(text));
  const followed = await page.evaluate(() => document.activeElement.getAttribute("href"));
  assert.equal(followed, `#${field}`);
  await stage.check(page);
}

// A code that is wrong.
export const wrongCode = (code) => code.slice(0, -1) + ((Number(code.at(-1)) + 1) % 10);

// Before anything is typed the rules stand there with their numbers, and a meter follows what is typed.
export async function showsRules(stage, page) {
  const length = page.locator("[data-rule=MINIMUM_LENGTH]");
  const meter = page.getByRole("meter", { name: "Strength of the new password" });
  assert.equal(await length.innerText(), "has at least 8 characters");
  assert.equal(await meter.count(), 0, "nothing is measured before");

  await page.locator("#password").fill("acme");
  await page.locator("[data-rule=MINIMUM_LENGTH].broken").waitFor();
  const before = await meter.evaluate(({ value }) => value);
  await page.locator("#password").fill(stage.newPassword);
  await page.locator("[data-rule=MINIMUM_LENGTH].kept").waitFor();
  const after = await meter.evaluate(({ value }) => value);
  assert.ok(after > before, `${after} after ${before}`);
}
