// A role is granted and taken away: it shows in what the person is offered.
import assert from "node:assert/strict";

import { account, act, showsNotice, signedIn } from "../administration.mjs";

export default async function granting(stage) {
  const [person] = stage.people;
  const page = await signedIn(stage, stage.administrator);
  await account(stage, page, person);
  assert.equal(await offered(stage, person), 0);

  await page.getByLabel("Grant a role").selectOption({ label: "Helpdesk administrator" });
  await page.getByRole("button", { name: "Next" }).click();
  await stage.titled(page, "Grant a role");
  const subjects = await page.locator(".subjects li").allInnerTexts();
  assert.deepEqual(subjects, [`granting (${person.login})`, "Helpdesk administrator"]);
  await page.getByRole("button", { name: "Grant a role" }).click();
  await showsNotice(stage, page, "The role is granted.");
  assert.equal(await offered(stage, person), 1);

  await act(stage, page, person, "Take the role away", "The role is taken away.");
  await page.getByText("The person holds no role.").waitFor();
  assert.equal(await offered(stage, person), 0);
}

// How many ways to the pages of administrators somebody has who signs in now.
async function offered(stage, person) {
  const page = await signedIn(stage, person);
  const links = await page.getByRole("link", { name: "Administration", exact: true }).count();
  await page.context().close();
  return links;
}
