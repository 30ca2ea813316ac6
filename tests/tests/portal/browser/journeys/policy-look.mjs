// The organisation's colour and logo: what is refused, and that its pages have them from then on.
import assert from "node:assert/strict";

import { showsNotice, signedIn } from "../administration.mjs";
import { POLICY, differences, edit, review, save } from "../policy.mjs";
import { isWrong } from "../reset.mjs";

const LOGO = `${POLICY}/logo`;
const NO_LOGO = "Choose a PNG, JPEG or WebP image that does not move, of at most 32 KiB and 1024 by 256 pixels";

// A PNG of one pixel.
const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><script>alert(1)</script></svg>');

export default async function policyLook(stage) {
  const page = await signedIn(stage, stage.cast.rules, POLICY);
  await accent(stage, page);
  await logo(stage, page);
  await withoutScripts(stage);
}

async function accent(stage, page) {
  const field = page.getByLabel("Accent colour", { exact: true });
  await edit(stage, page);
  await field.fill("violet");
  await review(page);
  await isWrong(stage, page, "portal_accent", "enter a value as the hint describes it");
  // White on it cannot be read.
  await field.fill("#ffd75e");
  await review(page);
  await isWrong(stage, page, "portal_accent", "this value is not allowed; the hint says which are");
  await field.fill("#8A2BE2");
  await review(page);
  assert.deepEqual(await differences(stage, page), [["Look of the pages: Accent colour", "The portal's own", "#8a2be2"]]);
  await save(stage, page);
  await page.locator("link[href^='/look/style/8a2be2']").waitFor({ state: "attached" });

  const stranger = await stage.open();
  await stranger.goto("/o/acme");
  await stage.titled(stranger, "Can't access your account?");
  await stranger.locator("link[href^='/look/style/8a2be2']").waitFor({ state: "attached" });
}

async function logo(stage, page) {
  await page.getByRole("link", { name: "Change the logo" }).click();
  await stage.titled(page, "Logo");
  await use(page);
  await isWrong(stage, page, "logo", "Choose an image");
  const wrong = [
    { name: "logo.svg", mimeType: "image/svg+xml", buffer: SVG },
    { name: "logo.png", mimeType: "image/png", buffer: SVG },
    { name: "logo.png", mimeType: "image/png", buffer: Buffer.concat([PIXEL, Buffer.alloc(40_000)]) },
    { name: "logo.png", mimeType: "image/png", buffer: Buffer.concat([PIXEL, Buffer.alloc(70_000)]) },
  ];
  for (const file of wrong) {
    await page.getByLabel("New logo").setInputFiles(file);
    await use(page);
    await isWrong(stage, page, "logo", NO_LOGO);
  }
  assert.equal(await page.locator("img").count(), 0, "nothing of it is kept");

  await choose(page);
  await showsNotice(stage, page, "The new logo is in force.");
  const shown = page.locator("header img.logo");
  await shown.waitFor();
  assert.equal(await shown.evaluate((image) => image.naturalWidth), 1);
  await stage.look(page, "policy-logo");

  await edit(stage, page);
  await page.getByText(/^Logo: Image [0-9a-f]{8}$/).waitFor();
}

// Sends the form.
const use = (page) => page.getByRole("button", { name: "Use this logo" }).click();

async function choose(page) {
  await page.getByLabel("New logo").setInputFiles({ name: "logo.png", mimeType: "image/png", buffer: PIXEL });
  await use(page);
}

async function withoutScripts(stage) {
  const page = await signedIn(stage, stage.administrator, LOGO, { javaScriptEnabled: false });
  await stage.titled(page, "Logo");
  await page.locator("main img.logo").waitFor();
  await page.getByRole("link", { name: "Remove the logo" }).click();
  await stage.titled(page, "Remove the logo");
  await page.getByRole("button", { name: "Remove the logo" }).click();
  await showsNotice(stage, page, "The logo is removed.");
  await page.getByText("There is no logo today: the pages show the organisation's name.").waitFor();
  assert.equal(await page.locator("img").count(), 0);

  await choose(page);
  await showsNotice(stage, page, "The new logo is in force.");
}
