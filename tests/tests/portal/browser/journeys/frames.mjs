// Another site, in the browser of somebody who is signed in: it can show no page of ours in a frame, and send no form in their name.
import assert from "node:assert/strict";

import { signIn } from "../account.mjs";

export default async function frames(stage) {
  const [person] = stage.people;
  const other = await stage.openElsewhere();
  const page = await other.context().newPage();
  await signIn(stage, page, person);

  for (const path of ["/sign-in", "/account/sessions"]) await isNotFramed(stage, other, path);
  await sendsNothing(stage, other, "/account/sessions/others");
  await sendsNothing(stage, other, "/sign-out");

  await page.goto("/account/sessions");
  await stage.titled(page, "Sessions");
}

// Chromium says why it shows nothing.
async function isNotFramed(stage, other, path) {
  const refusal = other.waitForEvent("console", (message) => message.text().includes("frame-ancestors 'none'"));
  await other.evaluate((address) => {
    const frame = document.createElement("iframe");
    frame.src = address;
    document.body.replaceChildren(frame);
  }, stage.portal + path);
  await refusal;
  const shown = other.frames().filter((frame) => frame !== other.mainFrame());
  for (const frame of shown) assert.ok(!frame.url().startsWith(stage.portal), frame.url());
}

async function sendsNothing(stage, other, path) {
  const home = other.url();
  const answer = other.waitForResponse((response) => response.url() === stage.portal + path);
  await other.evaluate((address) => {
    const form = document.createElement("form");
    form.method = "post";
    form.action = address;
    document.body.replaceChildren(form);
    form.submit();
  }, stage.portal + path);
  assert.equal((await answer).status(), 403);
  await other.getByRole("heading", { name: "This page was open for too long" }).waitFor();
  await other.goto(home);
}
