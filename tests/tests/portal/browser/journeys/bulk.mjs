// "Reset password" for hundreds: a list, a dry run that says who and who not, the reset of exactly those, and its progress while it runs.
import assert from "node:assert/strict";

import { advanceUntilVisible, signIn, signedIn } from "../administration.mjs";
import { isWrong } from "../reset.mjs";

const BULK = "/administration/bulk-resets";
const UNKNOWN = "nobody@acme.example";

export default async function bulk(stage) {
  const people = stage.crowd.slice(0, 200);
  const page = await signedIn(stage, stage.administrator, BULK);
  await stage.titled(page, "Bulk resets");
  await page.getByRole("link", { name: "Reset many passwords" }).click();
  await stage.titled(page, "Reset many passwords");
  await stage.look(page, "bulk-new");

  await tried(stage, page, people);
  await outcomes(stage, page);
  await reset(stage, page, people.length);

  const theirs = await stage.open();
  await signIn(theirs, people[0].login, people[0].password);
  await stage.titled(theirs, "Choose a new password");
}

const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

// Where everybody sees how the job stands.
const stands = (page, text) => page.locator(".job-progress").getByText(text);

// By a place that stays while that one is replaced.
async function isReadOut(page, text) {
  await page.getByRole("status").filter({ hasText: text }).waitFor({ state: "attached" });
  assert.equal(await page.locator(".job-progress [role=status]").count(), 0);
}

async function tried(stage, page, people) {
  await press(page, "Start the dry run");
  await isWrong(stage, page, "who", "Choose whose passwords to reset");
  await page.getByLabel("Whom").selectOption({ label: "Those on a list" });
  await press(page, "Start the dry run");
  await isWrong(stage, page, "accounts", "Enter at least one login or account id");

  const logins = [stage.administrator.login, ...people.map(({ login }) => login), UNKNOWN];
  await page.getByLabel("Logins or account ids").fill(logins.join("\n"));
  await page.getByLabel("What people get").selectOption({ label: "A new password is asked for at the next sign-in" });
  await press(page, "Start the dry run");
  await page.getByRole("heading", { level: 1, name: "Dry run" }).waitFor();
  await advanceUntilVisible(stage, page.getByRole("button", { name: "Reset 200 passwords" }));
  await stands(page, "200 of 202 passwords would be reset. Nothing was changed.").waitFor();
  await isReadOut(page, "200 of 202 passwords would be reset. Nothing was changed.");
  await stage.look(page, "bulk-dry-run");
}

// Who would not be reset, and why.
async function outcomes(stage, page) {
  await page.getByLabel("Outcome").selectOption({ label: "Not reset" });
  await press(page, "Filter");
  await page.waitForURL(/\?outcome=refused$/);
  const rows = page.locator("tbody tr");
  const [own, unknown] = [stage.administrator.login, UNKNOWN].map((login) => rows.filter({ hasText: login }));
  assert.deepEqual([await rows.count(), await own.count(), await unknown.count()], [2, 1, 1]);
  assert.ok((await unknown.innerText()).includes("there is no such account"));
  await stage.check(page);

  await page.getByLabel("Outcome").selectOption({ label: "Would be reset" });
  await press(page, "Filter");
  await page.waitForURL(/\?outcome=reset$/);
  assert.equal(await rows.filter({ hasText: UNKNOWN }).count(), 0);
  assert.ok((await rows.count()) > 0);
}

// Fifty a second, of a clock that stands: so many are done, until it goes on. The page says so by itself.
async function reset(stage, page, count) {
  await press(page, `Reset ${count} passwords`);
  await page.getByRole("heading", { level: 1, name: "Bulk reset" }).waitFor();
  await stands(page, `50 of ${count} accounts are done.`).waitFor();
  await page.evaluate(() => document.body.setAttribute("data-seen", ""));
  await looked(stage, page);

  await stage.advance(1);
  await stands(page, `100 of ${count} accounts are done.`).waitFor();
  await isReadOut(page, "50% of the accounts are done.");
  assert.equal(await page.locator("body[data-seen]").count(), 1, "it is the same page");
  await advanceUntilVisible(stage, stands(page, `${count} of ${count} passwords were reset.`));
  await page.locator("body:not([data-seen])").waitFor();
  await isReadOut(page, `${count} of ${count} passwords were reset.`);
  await stage.titled(page, "Bulk reset");
  assert.equal(await page.getByRole("link", { name: "Cancel this job" }).count(), 0);

  await page.getByRole("link", { name: "All bulk resets" }).click();
  await stage.titled(page, "Bulk resets");
  await stage.look(page, "bulk");
  assert.equal(await page.locator("tbody tr").count(), 2);
}

// A look at a page that is told nothing new: it stays as it is while it is judged.
async function looked(stage, page) {
  const still = await page.context().newPage();
  await still.route(/only=progress/, () => {});
  await still.goto(page.url());
  await stage.titled(still, "Bulk reset");
  await stage.look(still, "bulk-running");
  await still.close();
}
