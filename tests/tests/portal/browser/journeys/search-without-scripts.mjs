// The same where scripts are off: a button searches.
import assert from "node:assert/strict";

import { ACCOUNTS, signedIn } from "../administration.mjs";

export default async function searchWithoutScripts(stage) {
  const page = await signedIn(stage, stage.administrator, ACCOUNTS, { javaScriptEnabled: false });

  await page.getByLabel("Search", { exact: true }).fill("crowd-0");
  await page.getByLabel("Method").selectOption({ label: "Mail" });
  await page.getByRole("button", { name: "Filter" }).click();
  // From 001 to 099.
  await page.locator("#count", { hasText: /^Found: 99$/ }).waitFor();
  await stage.titled(page, "Accounts");
  assert.equal(await page.getByLabel("Method").inputValue(), "email");
  const asked = new URL(page.url()).searchParams;
  assert.deepEqual([asked.get("prefix"), asked.get("method")], ["crowd-0", "email"]);

  await page.getByRole("link", { name: "Next page" }).click();
  await page.getByRole("link", { name: "First page" }).waitFor();
  await stage.check(page);
  assert.ok((await page.locator("#results tbody tr").count()) > 0);

  await page.getByLabel("Method").selectOption({ label: "Passkey" });
  await page.getByRole("button", { name: "Filter" }).click();
  await page.getByText("No account fits. Search for less, or take a filter away.").waitFor();
  await stage.check(page);
}
