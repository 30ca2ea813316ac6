// A text of the organisation's own: judged, previewed while it is written, sent from then on, and taken back.
import assert from "node:assert/strict";

import { showsNotice, signedIn } from "../administration.mjs";
import { askForCode, begin, isWrong } from "../reset.mjs";

const TEMPLATES = "/administration/templates";
const CODE = "Code for a password reset – English";
const SUBJECT = "Acme: your way back in";
const TEXT = "Here is your code:\n\n{{ code }}\n\nIt is good for {{ minutes }} minutes.";

export default async function templates(stage) {
  const [first, second] = stage.people;
  const page = await signedIn(stage, stage.cast.rules, TEMPLATES);
  await stage.titled(page, "Message templates");
  await stage.look(page, "templates");
  await page.getByRole("link", { name: "Code for a password reset", exact: true }).click();
  await stage.titled(page, CODE);

  await judged(stage, page);
  await previewed(stage, page);
  await page.getByRole("button", { name: "Save this text" }).click();
  await showsNotice(stage, page, "The text is saved and in force.");
  await sent(stage, first, (subject) => subject === SUBJECT);

  await takenBack(stage, page);
  await sent(stage, second, (subject) => subject !== SUBJECT);
  await withoutScripts(stage);
}

const subject = (page) => page.getByLabel("Subject", { exact: true });
const shown = (page, part, text) => page.locator(`[data-preview=${part}]`, { hasText: text }).waitFor();

async function judged(stage, page) {
  await page.getByLabel("E-mail text", { exact: true }).fill("A text without its code.");
  await page.getByRole("button", { name: "Save this text" }).click();
  await isWrong(stage, page, "text", "This text does not pass:");
  assert.equal(await page.getByLabel("E-mail text", { exact: true }).inputValue(), "A text without its code.");
}

// By a script: the page stays.
async function previewed(stage, page) {
  const address = page.url();
  await page.getByLabel("E-mail text", { exact: true }).fill(TEXT);
  await subject(page).fill(SUBJECT);
  await shown(page, "subject", SUBJECT);
  await shown(page, "text", /Here is your code:\s+\d+/);
  await subject(page).fill("{{ code }}");
  await shown(page, "problem", "This text does not pass:");
  await subject(page).fill(SUBJECT);
  await page.locator("[data-preview=problem]:empty").waitFor({ state: "attached" });
  assert.equal(page.url(), address);
  await stage.look(page, "template");
}

// The next mail has it.
async function sent(stage, { login }, fits) {
  const page = await stage.open();
  await begin(page, login);
  await askForCode(page);
  const mail = await stage.message(login, ({ text }) => /\b\d{6,10}\b/.test(text));
  assert.ok(fits(mail.subject), mail.subject);
}

async function takenBack(stage, page) {
  await page.getByRole("link", { name: "Versions", exact: true }).click();
  await page.getByRole("link", { name: "Version 1", exact: true }).waitFor();
  await stage.check(page);
  await page.goBack();
  await page.getByRole("link", { name: "Back to the built-in text" }).click();
  await stage.titled(page, `Built-in text: ${CODE}`);
  await page.getByRole("button", { name: "Use the built-in text" }).click();
  await showsNotice(stage, page, "The built-in text is in force.");
  await stage.titled(page, CODE);
}

async function withoutScripts(stage) {
  const path = `${TEMPLATES}/password_reset_code/en`;
  const page = await signedIn(stage, stage.cast.rules, path, { javaScriptEnabled: false });
  await subject(page).fill("Without a script");
  await page.getByRole("button", { name: "Preview" }).click();
  await shown(page, "subject", "Without a script");
  await stage.titled(page, CODE);
}
