// "Contact an administrator", before a reset and in one.
import assert from "node:assert/strict";

import { begin, isWrong, send } from "../reset.mjs";

export default async function help(stage) {
  const [person] = stage.people;
  const page = await stage.open();
  await page.goto("/o/acme");

  await page.getByRole("link", { name: "Contact an administrator" }).click();
  await stage.titled(page, "Contact an administrator");
  await send(page);
  await isWrong(stage, page, "login", "Enter your user name or e-mail address");
  await page.locator("#login").fill(person.login);
  await page.locator("#message").fill("See https://evil.example/now");
  await send(page);
  await isWrong(stage, page, "message", "Write at most 500 characters, and no links");
  await page.locator("#message").fill("I lost my phone");
  await send(page);
  await stage.titled(page, "Your request was sent");

  await begin(page, person.login);
  await page.getByRole("link", { name: "Contact an administrator" }).click();
  await stage.titled(page, "Contact an administrator");
  assert.equal(await page.locator("#login").count(), 0, "the login of a reset is not asked again");
  await page.locator("#message").fill("I lost my phone");
  await send(page);
  await stage.titled(page, "Your request was sent");
}
