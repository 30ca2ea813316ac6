// A group is created, filled, renamed, emptied and deleted.
import assert from "node:assert/strict";

import { ACCOUNTS, account, nameOf, showsNotice, signedIn } from "../administration.mjs";
import { isWrong } from "../reset.mjs";

const GROUPS = "/administration/groups";

export default async function groupMembers(stage) {
  const [person] = stage.people;
  const page = await signedIn(stage, stage.administrator, GROUPS);
  await stage.titled(page, "Groups");
  await page.getByText("There is no group yet. Create the first one below.").waitFor();

  await created(stage, page);
  await filled(stage, page, person);
  await renamedAndEmptied(stage, page, person);

  await page.getByRole("link", { name: "Delete the group Late shift" }).click();
  await stage.titled(page, "Delete the group Late shift");
  await page.getByRole("button", { name: "Delete the group Late shift" }).click();
  await showsNotice(stage, page, "The group Late shift was deleted.");
  await stage.titled(page, "Groups");
}

const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

async function created(stage, page) {
  await press(page, "Create the group");
  await isWrong(stage, page, "name", "Enter a name");
  await page.getByLabel("Name", { exact: true }).fill("Night shift");
  await press(page, "Create the group");
  await stage.titled(page, "Group Night shift");
  await showsNotice(stage, page, "The group Night shift was created. Now put somebody into it.");
  await page.getByText("Nobody is in this group yet. Add somebody by their login below.").waitFor();
}

async function filled(stage, page, person) {
  const login = page.getByLabel("User name or e-mail address");
  await press(page, "Add to Night shift");
  await isWrong(stage, page, "login", "Enter the user name of whom to add");
  await login.fill("nobody@acme.example");
  await press(page, "Add to Night shift");
  await isWrong(stage, page, "login", "No account has this login. Check the spelling");
  await login.fill(person.login);
  await press(page, "Add to Night shift");
  await showsNotice(stage, page, `${nameOf(person)} (${person.login}) is in Night shift now.`);
  await stage.look(page, "group");

  const list = await page.context().newPage();
  await list.goto(ACCOUNTS);
  await list.getByLabel("Group", { exact: true }).selectOption({ label: "Night shift" });
  await list.locator("#count", { hasText: /^Found: 1$/ }).waitFor();
  assert.deepEqual(await list.locator("#results tbody th a").allInnerTexts(), [nameOf(person)]);

  await account(stage, list, person);
  await list.getByRole("link", { name: "Night shift", exact: true }).click();
  await stage.titled(list, "Group Night shift");
  await list.close();
}

async function renamedAndEmptied(stage, page, person) {
  await page.getByLabel("Name", { exact: true }).fill("Late shift");
  await press(page, "Rename the group");
  await stage.titled(page, "Group Late shift");

  await press(page, "Take the chosen out of Late shift");
  await page.locator(".summary", { hasText: "Choose at least one member to take out" }).waitFor();
  await stage.check(page);
  await page.getByRole("checkbox", { name: `Choose ${nameOf(person)}` }).check();
  await press(page, "Take the chosen out of Late shift");
  await stage.titled(page, "Take the chosen out of Late shift");
  assert.deepEqual(await page.locator(".subjects li").allInnerTexts(), [`${nameOf(person)} (${person.login})`]);
  await stage.check(page);
  await press(page, "Take the chosen out of Late shift");
  await showsNotice(stage, page, "Taken out of Late shift: 1.");

  const other = await page.context().newPage();
  await account(stage, other, person);
  await other.getByText("The person is in no group.").waitFor();
  await other.close();
}
