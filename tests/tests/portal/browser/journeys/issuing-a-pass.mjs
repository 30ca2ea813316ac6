// A temporary access pass is shown once, and opens the account once.
import assert from "node:assert/strict";

import { account, showsNotice, signedIn } from "../administration.mjs";
import { isWrong, send } from "../reset.mjs";

const ISSUE = "Issue a temporary access pass";

export default async function issuingAPass(stage) {
  const [person] = stage.people;
  const page = await signedIn(stage, stage.administrator);
  await account(stage, page, person);

  await page.getByRole("link", { name: ISSUE, exact: true }).click();
  await stage.titled(page, ISSUE);
  await page.getByLabel("How long it serves").selectOption({ label: "1 day" });
  assert.ok(await page.getByLabel("It serves for one sign-in").isChecked());
  await page.getByRole("button", { name: ISSUE, exact: true }).click();
  await stage.titled(page, "The access pass is issued");
  const pass = await page.locator("#secret").textContent();
  assert.ok(pass.length >= 8 && !page.url().includes(pass));
  await page.reload();
  await showsNotice(stage, page, "This was done before and is not done again.");
  await page.getByRole("heading", { level: 2, name: "Security info" }).waitFor();
  assert.ok(!(await page.content()).includes(pass));

  await use(stage, person, pass, async (theirs) => {
    await theirs.waitForURL((url) => url.pathname === "/account");
    await stage.check(theirs);
  });
  await use(stage, person, pass, (theirs) =>
    isWrong(stage, theirs, "access_pass", "This user name and access pass do not fit together"),
  );
}

// Signs in with it, as small letters in a browser of its own.
async function use(stage, { login }, pass, andThen) {
  const page = await stage.open();
  await page.goto("/o/acme");
  await page.getByRole("link", { name: "Sign in" }).click();
  await stage.titled(page, "Sign in");
  await page.getByRole("heading", { name: "Sign-in options" }).waitFor();
  await page.getByRole("link", { name: "Use a temporary access pass" }).click();
  await stage.titled(page, "Sign in with an access pass");
  await page.locator("#login").fill(login);
  await page.locator("#access_pass").fill(pass.toLowerCase());
  await send(page);
  await andThen(page);
}
