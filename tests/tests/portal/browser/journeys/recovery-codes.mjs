// Recovery codes are shown once: neither a reload nor "back" shows them again.
import assert from "node:assert/strict";

import { makeRecoveryCodes, showsNotice, signIn } from "../account.mjs";

export default async function recoveryCodes(stage) {
  const [[person], ...others] = stage.ways;
  const page = await stage.open({ permissions: ["clipboard-read", "clipboard-write"] });
  await shownOnce(stage, page, person, async (codes) => {
    await isPrinted(page, codes);
    await page.getByRole("button", { name: "Copy" }).click();
    await page.getByRole("status").filter({ hasText: "Copied" }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), codes.join("\n"));
  });
  for (const [other, options] of others) await shownOnce(stage, await stage.open(options), other, async () => {});
}

// The button asks the browser to print, and paper has the codes and nothing to press.
async function isPrinted(page, codes) {
  await page.evaluate(() => {
    window.print = () => document.body.setAttribute("data-printed", "");
  });
  await page.getByRole("button", { name: "Print" }).click();
  await page.locator("body[data-printed]").waitFor();

  await page.emulateMedia({ media: "print" });
  assert.deepEqual(await page.locator(".codes code:visible").allInnerTexts(), codes);
  assert.equal(await page.locator("header:visible, nav:visible, button:visible, .button:visible").count(), 0);
  await page.emulateMedia({ media: null });
}

async function shownOnce(stage, page, person, look) {
  await signIn(stage, page, person);
  await page.goto("/account/recovery-codes");
  await page.getByText("You have no recovery codes.").waitFor();

  const codes = await makeRecoveryCodes(stage, page);
  assert.equal(new Set(codes).size, 10);
  await look(codes);
  await page.reload();
  await showsNotice(stage, page, "These codes were shown once and are not shown again.");
  assert.deepEqual(await shown(page, codes), []);
  await page.goBack();
  await stage.check(page);
  assert.deepEqual(await shown(page, codes), []);

  await page.goto("/account/recovery-codes");
  await page.getByText("Codes left: 10").waitFor();
  const next = await makeRecoveryCodes(stage, page);
  assert.deepEqual(next.filter((code) => codes.includes(code)), []);
  await page.getByRole("link", { name: "I have saved them" }).click();
  await stage.titled(page, "Security info");
}

async function shown(page, codes) {
  const content = await page.content();
  return codes.filter((code) => content.includes(code));
}
