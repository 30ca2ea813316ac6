// "Let users reset their own passwords": nobody, some groups, everybody; and what follows for who is in the group and who is not.
import assert from "node:assert/strict";

import { signedIn } from "../administration.mjs";
import { POLICY, choice, differences, edit, review, save } from "../policy.mjs";
import { begin, isWrong, send } from "../reset.mjs";

const NOBODY_MAY = "Your organisation does not let people reset their passwords by themselves";
const NOT_THEY = "Your organisation does not let you reset your password by yourself";

export default async function policySwitch(stage) {
  const { rules, member, outsider } = stage.cast;
  const page = await signedIn(stage, rules, POLICY);
  await stage.titled(page, "Policy");
  await stage.look(page, "policy");
  await reasonsAreSaid(stage, page);

  await letReset(stage, page, "Nobody");
  await mayNot(stage, member, NOBODY_MAY);

  // The only group there is, by its name: whoever decides about the policy need not look after accounts.
  await letReset(stage, page, "Some groups", "Sales");
  await may(stage, member);
  await mayNot(stage, outsider, NOT_THEY);

  await letReset(stage, page, "Everybody");
  await may(stage, member);
  await may(stage, outsider);
}

// Otherwise a reset that nobody may begin looks like any other.
async function reasonsAreSaid(stage, page) {
  await edit(stage, page);
  await page.getByLabel("Say why a reset is not possible").check();
  await review(page);
  assert.deepEqual(await differences(stage, page), [["Self-service reset: Say why a reset is not possible", "No", "Yes"]]);
  await save(stage, page);
}

async function letReset(stage, page, whom, group) {
  await choice(page, whom).check();
  if (group) {
    const included = page.getByRole("group", { name: "Groups whose members may", exact: true });
    await included.getByRole("checkbox", { name: group, exact: true }).check();
  }
  await page.getByRole("button", { name: "Review this change" }).click();
  const [[setting, , then]] = await differences(stage, page);
  assert.deepEqual([setting, then], ["Self-service reset: Let users reset their own passwords", whom]);
  await save(stage, page);
  assert.ok(await choice(page, whom).isChecked(), whom);
}

async function may(stage, { login }) {
  const page = await stage.open();
  await begin(page, login);
  await stage.titled(page, "Prove that it is you");
}

async function mayNot(stage, { login }, why) {
  const page = await stage.open();
  await page.goto("/o/acme");
  await page.goto("/reset");
  await page.locator("#login").fill(login);
  await send(page);
  await isWrong(stage, page, "login", why);
}
