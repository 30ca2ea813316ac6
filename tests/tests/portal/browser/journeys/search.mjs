// Accounts are found while their name is typed, filtered, and read page by page.
import assert from "node:assert/strict";

import { ACCOUNTS, nameOf, signedIn } from "../administration.mjs";
import { isWrong, send } from "../reset.mjs";

export default async function search(stage) {
  const page = await signedIn(stage, stage.administrator, ACCOUNTS);
  await stage.titled(page, "Accounts");

  await page.getByLabel("Search", { exact: true }).pressSequentially("crowd-");
  await found(page, stage.crowd.length);
  await page.waitForURL(/\?prefix=crowd-$/);
  assert.equal(await page.evaluate(() => document.activeElement.id), "prefix", "typing goes on");
  const german = page.getByRole("link", { name: "Deutsch" });
  assert.equal(await german.getAttribute("href"), "?lang=de&prefix=crowd-", "another language keeps the search");
  await stage.look(page, "accounts");
  await headStays(page);

  await everybodyStandsOnOnePage(stage, page);
  await filters(stage, page);
  await oneIsLookedAt(stage, page);
  await sessionIsOver(stage, page);
}

const found = (page, count) => page.locator("#count", { hasText: new RegExp(`^Found: ${count}$`) }).waitFor();
const names = (page) => page.locator("#results tbody th a").allInnerTexts();

// While rows are scrolled.
async function headStays(page) {
  const [scrolled, moved] = await page.getByRole("region", { name: "Accounts" }).evaluate((region) => {
    const top = () => region.querySelector("thead th").getBoundingClientRect().top;
    const before = top();
    region.scrollTop = 200;
    return [region.scrollTop, before - top()];
  });
  assert.deepEqual([scrolled, Math.round(moved)], [200, 0]);
}

// Page after page, by links alone.
async function everybodyStandsOnOnePage(stage, page) {
  const next = page.getByRole("link", { name: "Next page" });
  const listed = [];
  for (let more = true; more; ) {
    const shown = await names(page);
    assert.ok(shown.length <= 40, `${shown.length} rows`);
    listed.push(...shown);
    more = (await next.count()) > 0;
    if (more) {
      const address = page.url();
      await next.click();
      await page.waitForURL((url) => url.href !== address);
      await stage.check(page);
    }
  }
  assert.deepEqual(listed.toSorted(), stage.crowd.map(nameOf).toSorted());

  await page.getByRole("link", { name: "First page" }).click();
  await page.waitForURL(/\?prefix=crowd-$/);
  await found(page, stage.crowd.length);
  assert.equal(await page.locator("#prefix").inputValue(), "crowd-");

  // What was kept for too long begins anew.
  await page.goto(`${ACCOUNTS}?prefix=crowd-&page=outdated`);
  await page.waitForURL(/\?prefix=crowd-$/);
  await found(page, stage.crowd.length);
}

async function filters(stage, page) {
  await page.getByLabel("State").selectOption({ label: "Blocked" });
  await page.getByText("No account fits. Search for less, or take a filter away.").waitFor();
  await found(page, 0);
  await stage.check(page);

  await page.goto(ACCOUNTS);
  await page.getByLabel("Role").selectOption({ label: "Global administrator" });
  await found(page, 1);
  assert.deepEqual(await names(page), [nameOf(stage.administrator)]);

  // No browser lets this be chosen.
  await page.goto(`${ACCOUNTS}?since=soon`);
  await isWrong(stage, page, "since", "Enter a day such as 2026-12-31");
}

async function oneIsLookedAt(stage, page) {
  const [somebody] = stage.crowd;
  await page.goto(`${ACCOUNTS}?prefix=${nameOf(somebody)}`);
  await page.getByRole("link", { name: nameOf(somebody), exact: true }).click();
  await stage.titled(page, nameOf(somebody));
  await stage.look(page, "account");

  // Nobody administers their own.
  await page.goto(`${ACCOUNTS}?prefix=${nameOf(stage.administrator)}`);
  await page.getByRole("link", { name: nameOf(stage.administrator), exact: true }).click();
  await stage.titled(page, nameOf(stage.administrator));
  await page.getByText("This is your own account: nobody administers their own.").waitFor();
  assert.equal(await page.getByRole("link", { name: "Reset password" }).count(), 0);
}

// While somebody types: they are asked to sign in, do not wait for ever, and go on with what they searched for.
async function sessionIsOver(stage, page) {
  await page.goto(ACCOUNTS);
  await page.context().clearCookies({ name: "__Host-rekey-session" });
  await page.getByLabel("Search", { exact: true }).fill("crowd-");
  await stage.titled(page, "Sign in");

  await page.locator("#login").fill(stage.administrator.login);
  await page.locator("#password").fill(stage.administrator.password);
  await send(page);
  await page.waitForURL((url) => url.pathname === ACCOUNTS && url.search === "?prefix=crowd-");
  await found(page, stage.crowd.length);
  assert.equal(await page.locator("#prefix").inputValue(), "crowd-");
  await stage.check(page);
}
