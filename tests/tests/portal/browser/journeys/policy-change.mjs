// The policy is edited, reviewed and saved; by two at once; and put back to how it was.
import assert from "node:assert/strict";

import { signedIn } from "../administration.mjs";
import { POLICY, differences, edit, numberOf, review, save } from "../policy.mjs";
import { isWrong } from "../reset.mjs";

const history = (page) => page.getByLabel("Earlier passwords that are refused", { exact: true });
const proofs = (page) => page.getByLabel("Proofs required", { exact: true });

export default async function policyChange(stage) {
  const page = await signedIn(stage, stage.cast.rules, POLICY);
  await mistakes(stage, page);
  await whatWouldChangeIsShown(stage, page);
  await twoAtOnce(stage, page);
  await wayBack(stage, page);
  await withoutScripts(stage);
}

async function mistakes(stage, page) {
  await edit(stage, page);
  await review(page);
  await page.locator(".summary", { hasText: "You changed nothing: every setting is as it is in force" }).waitFor();
  await stage.check(page);

  await history(page).fill("many");
  await review(page);
  await isWrong(stage, page, "password_history", "enter a value as the hint describes it");
  assert.equal(await history(page).inputValue(), "many");

  await history(page).fill("99");
  await review(page);
  await isWrong(stage, page, "password_history", "this value is not allowed; the hint says which are");
}

async function whatWouldChangeIsShown(stage, page) {
  await history(page).fill("5");
  await proofs(page).fill("2");
  await review(page);
  assert.deepEqual(await differences(stage, page), [
    ["Self-service reset: Proofs required", "1", "2"],
    ["Passwords: Earlier passwords that are refused", "1", "5"],
  ]);
  await page.getByRole("heading", { name: "Grade", exact: true }).waitFor();
  // Everybody has one way to prove who they are.
  await page.getByText("Some of those who could not reset their password any more:").waitFor();
  assert.ok((await numberOf(page, "Can today and could not then")) >= 2);
  await stage.look(page, "policy-review");

  await page.getByRole("button", { name: "Change something else" }).click();
  await stage.titled(page, "Change the policy");
  assert.deepEqual([await history(page).inputValue(), await proofs(page).inputValue()], ["5", "2"]);
  await proofs(page).fill("1");
  await review(page);
  assert.deepEqual(await differences(stage, page), [["Passwords: Earlier passwords that are refused", "1", "5"]]);
  await page.getByText("Nobody who can reset their password today would lose that.").waitFor();
  await save(stage, page);
}

async function twoAtOnce(stage, page) {
  const other = await signedIn(stage, stage.administrator, POLICY);
  await edit(stage, page);
  await history(page).fill("6");
  await review(page);
  await stage.titled(page, "Review your changes");
  await edit(stage, other);
  await other.getByLabel("Shortest password (characters)", { exact: true }).fill("10");
  await review(other);
  await save(stage, other);

  await page.getByRole("button", { name: "Save this change" }).click();
  await page.locator(".summary", { hasText: "Somebody else changed the policy while you were at it." }).waitFor();
  await page.getByRole("heading", { name: "Changed by somebody else meanwhile" }).waitFor();
  assert.deepEqual(await differences(stage, page), [["Passwords: Earlier passwords that are refused", "5", "6"]]);
  await save(stage, page);

  await edit(stage, page);
  assert.equal(await history(page).inputValue(), "6");
  assert.equal(await page.getByLabel("Shortest password (characters)", { exact: true }).inputValue(), "10");
}

async function wayBack(stage, page) {
  await page.goto(POLICY);
  await page.getByRole("link", { name: "Earlier revisions" }).click();
  await stage.titled(page, "Earlier revisions");
  assert.equal(await page.locator("tbody tr").count(), 4);

  await page.getByRole("link", { name: "Revision 1", exact: true }).click();
  await stage.titled(page, "Revision 1");
  await page.getByRole("button", { name: "Go back to revision 1" }).click();
  await page.locator(".notice", { hasText: "The policy of revision 1 is in force again." }).waitFor();
  await stage.titled(page, "Policy");

  await edit(stage, page);
  assert.equal(await history(page).inputValue(), "1");
}

async function withoutScripts(stage) {
  const page = await signedIn(stage, stage.cast.rules, POLICY, { javaScriptEnabled: false });
  await edit(stage, page);
  await history(page).fill("2");
  await review(page);
  await save(stage, page);
}
