// A text of the organisation's own: judged, previewed while it is written, sent from then on, and taken back.
import assert from "node:assert/strict";

import { showsNotice, signIn, signedIn } from "../administration.mjs";
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
  await linksLeadNowhere(stage);
}

// The mail in the frame of a page; one that is still to come waits behind it, inert.
const mail = (page) => page.frameLocator("iframe[src*='/preview'], iframe[name^=preview]:not([inert])").locator("body");
// The mail of what is shown is drawn: nobody looks into a frame that is about to go.
const drawn = (page) => page.locator("iframe[inert]").waitFor({ state: "detached" });
const fontSize = (locator) => locator.evaluate((element) => getComputedStyle(element).fontSize);
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
  await rendered(page);
  assert.equal(page.url(), address);
  await stage.look(page, "template");
}

// The mail has its styles, and markup that was typed is text. "Back" leads out of the page, however often the mail was drawn.
async function rendered(page) {
  await drawn(page);
  const [title, entries] = await page.evaluate(() => [document.title, history.length]);
  const text = page.getByLabel("E-mail text", { exact: true });
  await text.fill(`${TEXT}\n\n<script>top.document.title = "taken"</script>`);
  await shown(page, "text", "<script>");
  await drawn(page);
  await mail(page).getByText('<script>top.document.title = "taken"</script>').waitFor();
  assert.equal(await mail(page).locator("script").count(), 0);
  await text.fill(TEXT);
  await page.locator("[data-preview=text]", { hasNotText: "<script>" }).waitFor();
  await drawn(page);
  assert.equal(await mail(page).getByText("<script>").count(), 0);
  assert.equal(await fontSize(mail(page).getByText(/^\d+$/)), "28px");
  assert.deepEqual(await page.evaluate(() => [document.title, history.length]), [title, entries]);
  assert.equal(await page.locator("iframe").count(), 1);
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
  await mail(page).getByText(/^\d+$/).waitFor();
  await stage.titled(page, `Built-in text: ${CODE}`);
  await page.getByRole("button", { name: "Use the built-in text" }).click();
  await showsNotice(stage, page, "The built-in text is in force.");
  await stage.titled(page, CODE);
}

async function withoutScripts(stage) {
  const path = `${TEMPLATES}/password_reset_code/en`;
  const page = await signedIn(stage, stage.cast.rules, path, { javaScriptEnabled: false });
  const press = (name) => page.getByRole("button", { name, exact: true }).click();
  await page.getByLabel("E-mail text", { exact: true }).fill(TEXT);
  await subject(page).fill("{{ code }}");
  await press("Preview");
  await mail(page).getByText("There is no preview: this draft does not pass.").waitFor();
  await subject(page).fill("Without a script");
  await press("Preview");
  await mail(page).getByText("Here is your code:").waitFor();
  assert.equal(await fontSize(mail(page).getByText(/^\d+$/)), "28px");
  assert.equal(new URL(page.url()).pathname, path);
  await stage.titled(page, CODE);

  await press("Check");
  await shown(page, "subject", "Without a script");
  await mail(page).getByText("to see your draft here.").waitFor();
  await stage.titled(page, CODE);
  await subject(page).fill("{{ code }}");
  await press("Check");
  await page.locator("#subject-problem").waitFor();
  await mail(page).getByText("There is no preview: this draft does not pass.").waitFor();
  await stage.check(page);
}

// By somebody whom nobody watches: a browser notes that it opens no window.
async function linksLeadNowhere(stage) {
  const { login, password } = stage.cast.rules;
  const path = `${TEMPLATES}/password_reset_link/en`;
  const page = await stage.openElsewhere();
  await signIn(page, login, password, path);
  await page.waitForURL((url) => url.pathname === path);
  await mail(page).getByRole("link").click();
  await subject(page).fill("After the link");
  await shown(page, "subject", "After the link");
  await drawn(page);
  await mail(page).getByRole("link").waitFor();
  assert.equal(new URL(page.url()).pathname, path);
  assert.equal(page.context().pages().length, 1);
}
