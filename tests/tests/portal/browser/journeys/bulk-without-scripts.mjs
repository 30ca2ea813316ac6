// The same where scripts are off, for whom a filter finds: pages load themselves anew while something runs, and what is cancelled stops.
//
// A page that may be left at any moment is waited for and not judged.
import assert from "node:assert/strict";

import { advanceUntilVisible, signIn, signedIn } from "../administration.mjs";

const NEW = "/administration/bulk-resets/new";

export default async function bulkWithoutScripts(stage) {
  const page = await signedIn(stage, stage.administrator, NEW, { javaScriptEnabled: false });
  await stage.titled(page, "Reset many passwords");

  await page.getByLabel("Whom").selectOption({ label: "Those that a filter finds" });
  await press(page, "Start the dry run");
  await page.locator(".summary a", { hasText: "Set at least one filter, or choose everybody" }).waitFor();
  await stage.check(page);
  // From 200 to 240.
  await page.getByLabel("Name, login or address begins with").fill("crowd-2");
  await page.getByLabel("What people get").selectOption({ label: "A link by e-mail to choose a new password" });
  await page.getByLabel("Accounts a second").fill("10");
  await press(page, "Start the dry run");
  await advanceUntilVisible(stage, page.getByRole("button", { name: "Reset 41 passwords" }));
  await stage.titled(page, "Dry run");

  await press(page, "Reset 41 passwords");
  await page.getByText("10 of 41 accounts are done.").waitFor();
  assert.equal(await page.locator("meta[http-equiv=refresh]").getAttribute("content"), "2");
  await page.getByRole("link", { name: "Cancel this job" }).click();
  await stage.titled(page, "Cancel this job?");
  await page.getByText("10 of 41 passwords were reset so far, and stay so.").waitFor();
  await press(page, "Cancel the bulk reset");
  await page.getByText("It was cancelled after 10 of 41 accounts. What was reset before stays so.").waitFor();
  await stage.titled(page, "Bulk reset");

  await whatWasResetStaysSo(stage, page);
}

const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

async function whatWasResetStaysSo(stage, page) {
  await page.getByLabel("Outcome").selectOption({ label: "Reset" });
  await press(page, "Filter");
  await page.waitForURL(/\?outcome=reset$/);
  const logins = await page.locator("tbody tr th").allInnerTexts();
  const [people, others] = [true, false].map((isReset) =>
    stage.crowd.filter(({ login }) => login.startsWith("crowd-2") && logins.includes(login) === isReset),
  );
  assert.deepEqual([people.length, others.length], [10, 31]);

  const theirs = await stage.open();
  // The first of them was reset with the others before.
  const [person, other] = [people.at(-1), others.at(-1)];
  await signIn(theirs, person.login, person.password);
  await theirs.locator("#password-problem").waitFor();
  await signIn(theirs, other.login, other.password);
  await theirs.waitForURL((url) => url.pathname === "/account");
}
