// What happened, filtered by the address; whether the log is whole; and how far resets come, from the left and from the right.
import assert from "node:assert/strict";

import { signedIn } from "../administration.mjs";
import { isWrong, wordForWord } from "../reset.mjs";
import { pollUntil } from "../stage.mjs";

const AUDIT = "/administration/audit";
const FUNNEL = `${AUDIT}/funnel`;

export default async function audit(stage) {
  const [person] = stage.people;
  await wordForWord(stage, await stage.open(), person);
  const page = await signedIn(stage, stage.cast.reader, AUDIT);
  await stage.titled(page, "Audit log");

  await filters(stage, page);
  await logIsWhole(stage, page);
  await funnel(stage, page);
  await fromTheRight(stage);
}

const search = (page) => page.getByRole("button", { name: "Filter", exact: true }).click();

async function filters(stage, page) {
  await page.locator("#kind").fill("nonsense");
  await search(page);
  await isWrong(stage, page, "kind", "There is no such kind of event.");

  await page.locator("#kind").fill("reset.completed");
  await page.locator("#outcome").selectOption({ label: "Done" });
  await search(page);
  await page.waitForURL(/[?&]kind=reset\.completed&/);
  const rows = page.locator("tbody tr");
  await pollUntil("the reset in the log", async () => {
    await page.reload();
    return (await rows.count()) || undefined;
  });
  for (const row of await rows.allInnerTexts()) assert.ok(row.includes("reset.completed"), row);
  await stage.look(page, "audit");

  await page.locator("summary").first().click();
  await page.getByRole("link", { name: "Events on this account" }).first().click();
  await page.waitForURL(/[?&]account=/);
  assert.ok((await page.locator("tbody").innerText()).includes("reset.started"));
  await stage.check(page);

  await page.goto(`${AUDIT}?kind=reset.repudiated&page=outdated`);
  await page.waitForURL(/\?kind=reset\.repudiated$/);
  await page.getByText("No event fits. Remove a filter, or choose other days.").waitFor();
  await page.getByRole("link", { name: "Remove all filters" }).click();
  await page.waitForURL((url) => url.search === "");
  await stage.titled(page, "Audit log");
}

async function logIsWhole(stage, page) {
  await page.getByRole("button", { name: "Check the log" }).click();
  await stage.titled(page, "Check of the log");
  await page.getByText(/^Events \d+ to \d+ are as they were written/).waitFor();
  await page.getByRole("link", { name: "Back to the audit log" }).click();
}

async function funnel(stage, page) {
  await page.getByRole("link", { name: "How far resets come" }).click();
  await stage.titled(page, "How far resets come");
  await page.getByLabel("Time", { exact: true }).selectOption({ label: "24 hours, by the hour" });
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.waitForURL(/\?range=day$/);
  // Step, drawing, done, refused, failed.
  const completed = page.getByRole("row", { name: /^New password set/ }).first().locator("td").nth(1);
  await pollUntil("the reset in the funnel", async () => {
    await page.reload();
    return (await completed.innerText()) === "1" || undefined;
  });
  await stage.look(page, "funnel");
}

async function fromTheRight(stage) {
  const page = await signedIn(stage, stage.cast.reader, FUNNEL, { locale: "ar" });
  assert.equal(await page.evaluate(() => document.documentElement.dir), "rtl");
  await stage.look(page, "funnel-ar");
  await page.goto(AUDIT);
  await stage.check(page);
}
