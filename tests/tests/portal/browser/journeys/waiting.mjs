// Time: when another code can be sent, help for who has waited, a code that died, and a reset that is over.
import assert from "node:assert/strict";

import { askForCode, begin, enterCode, prove } from "../reset.mjs";

export default async function waiting(stage) {
  const [patient, late] = stage.people;
  await anotherCodeCanBeSent(stage, patient);
  await codeAndResetEnd(stage, late);
}

async function anotherCodeCanBeSent(stage, { login }) {
  const page = await stage.open();
  await page.clock.install();
  await begin(page, login);
  await askForCode(page);
  await stage.titled(page, "Enter the code");
  const resend = page.locator("p", { hasText: "Another code can be sent at:" });
  const help = page.getByRole("heading", { name: "Nothing has arrived?" });
  const button = page.getByRole("button", { name: "Send another code" });

  const moment = await resend.locator("time").getAttribute("datetime");
  assert.equal(Date.parse(moment) / 1000 - (await stage.advance(0)), 30);
  assert.equal(await resend.locator("span").innerText(), "in 30 s");
  const end = page.locator("p", { hasText: "The code is good until:" });
  assert.equal(await end.locator("span").innerText(), "10 min left");
  assert.deepEqual([await help.count(), await button.count()], [0, 0]);

  await stage.advance(10);
  // The page asks by itself. The one that is left may not answer any more.
  await page.clock.fastForward(10_000).catch(() => {});
  await help.waitFor();
  await stage.check(page);
  assert.equal(await button.count(), 0);

  await stage.advance(20);
  await page.reload();
  await stage.titled(page, "Enter the code");
  await button.click();
  await page.locator("span", { hasText: "in 60 s" }).waitFor();
  await prove(page, await stage.code(login, 2));
}

async function codeAndResetEnd(stage, { login }) {
  const page = await stage.open({ javaScriptEnabled: false });
  await begin(page, login);
  await askForCode(page);
  // Without scripts the browser asks by itself as well.
  assert.equal(await page.locator("meta[http-equiv=refresh]").getAttribute("content"), "10");
  const code = await stage.code(login);

  await stage.advance(601);
  await enterCode(page, code);
  await page.locator(".summary a", { hasText: "This code is not right, or no longer good" }).waitFor();
  await page.getByText("This code is no longer good.").waitFor();
  await stage.check(page);

  await stage.advance(300);
  await page.goto(page.url());
  await stage.titled(page, "This reset is over");
  await page.getByRole("link", { name: "Start again" }).click();
  await stage.titled(page, "Who are you?");
}
