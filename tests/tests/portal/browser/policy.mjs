// The policy as its pages say it, in English.
import assert from "node:assert/strict";

export const POLICY = "/administration/policy";

// The switch, by its words.
export const choice = (page, whom) =>
  page.getByRole("group", { name: "Let users reset their own passwords" }).getByRole("radio", { name: whom, exact: true });

// The editor.
export async function edit(stage, page) {
  await page.goto(POLICY);
  await page.getByRole("link", { name: "Change the policy" }).click();
  await stage.titled(page, "Change the policy");
}

// From the editor to the review, or to what is wrong.
export const review = (page) => page.getByRole("button", { name: "Review the changes" }).click();

// What the review says of each setting: its name, its value today and the one it would have.
export async function differences(stage, page) {
  await stage.titled(page, "Review your changes");
  const rows = page.getByRole("region", { name: "What changes" }).locator("tbody tr");
  return rows.evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.innerText)));
}

// From the review to the policy that is in force.
export async function save(stage, page) {
  await stage.titled(page, "Review your changes");
  await page.getByRole("button", { name: /^Save th/ }).click();
  await page.locator(".notice", { hasText: /^The policy is saved\. Revision \d+ is in force\.$/ }).waitFor();
  await stage.titled(page, "Policy");
}

// The number beside a term.
export async function numberOf(page, term) {
  const number = Number(await page.locator("dt", { hasText: term }).locator("xpath=following-sibling::dd[1]").innerText());
  assert.ok(Number.isInteger(number), term);
  return number;
}
