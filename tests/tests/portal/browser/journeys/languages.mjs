// A page speaks the language that the browser asks for, or the one that was chosen since; and reads from the right where that is so.
import assert from "node:assert/strict";

import { walkReset } from "../reset.mjs";

export default async function languages(stage) {
  const [ofJapanese, ofArabic] = stage.people;
  await japaneseIsChosen(stage, ofJapanese);
  await arabicIsAskedFor(stage, ofArabic);
}

async function japaneseIsChosen(stage, person) {
  const page = await stage.open({ locale: "de-AT" });
  await page.goto("/o/acme");
  assert.deepEqual(await spoken(page), ["de", "ltr"]);

  await page.getByRole("link", { name: "日本語" }).click();
  await page.locator("html[lang=ja]").waitFor();

  await walkReset(stage, page, person, async () => {
    assert.deepEqual(await spoken(page), ["ja", "ltr"]);
    await stage.check(page);
  });
}

async function arabicIsAskedFor(stage, person) {
  const page = await stage.open({ locale: "ar" });

  await walkReset(stage, page, person, async (name) => {
    assert.deepEqual(await spoken(page), ["ar", "rtl"]);
    await stage.look(page, `${name}-ar`);
  });
}

const spoken = (page) => page.evaluate(() => [document.documentElement.lang, document.documentElement.dir]);
