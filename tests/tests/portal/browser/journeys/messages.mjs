// A message and its journey, how providers fare, and addresses that get nothing.
import assert from "node:assert/strict";

import { showsNotice, signedIn } from "../administration.mjs";
import { askForCode, begin, isWrong } from "../reset.mjs";
import { pollUntil } from "../stage.mjs";

const MESSAGES = "/administration/messages";

export default async function messages(stage) {
  const [person] = stage.people;
  const theirs = await stage.open();
  await begin(theirs, person.login);
  await askForCode(theirs);
  const code = await stage.code(person.login);

  const page = await signedIn(stage, stage.cast.helper, MESSAGES);
  await stage.titled(page, "Messages");
  await page.locator("#state").selectOption({ label: "Handed over" });
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  await page.waitForURL(/[?&]state=delivered/);
  const link = page.getByRole("link", { name: "password_reset_code" });
  await pollUntil("the message in the list", async () => {
    await page.reload();
    return (await link.count()) || undefined;
  });
  await stage.look(page, "messages");

  await link.first().click();
  await page.getByRole("heading", { level: 1, name: /^Message to / }).waitFor();
  await page.locator(".journey li.good", { hasText: "Handed over" }).waitFor();
  await stage.look(page, "message");
  const content = await page.content();
  for (const secret of [person.login, code]) assert.ok(!content.includes(secret), "nobody reads here what a message said");

  await providers(stage, page);
  await suppressions(stage, page);
}

async function providers(stage, page) {
  await page.goto(MESSAGES);
  await page.getByRole("link", { name: "Providers", exact: true }).click();
  await stage.titled(page, "Providers");
  await page.getByText("Working", { exact: true }).first().waitFor();
}

async function suppressions(stage, page) {
  await page.goto(MESSAGES);
  await page.getByRole("link", { name: "Addresses that get nothing" }).click();
  await stage.titled(page, "Addresses that get nothing");
  assert.ok(!(await page.content()).includes("bounced@acme.example"), "addresses are shown in part");
  const takeOff = page.getByRole("button", { name: "Take this address off the list" });

  await takeOff.click();
  await isWrong(stage, page, "address", "Enter an e-mail address or a phone number");
  await confirmed(stage, page, takeOff, "somebody@acme.example");
  await isWrong(stage, page, "address", "This address is not on the list");
  await confirmed(stage, page, takeOff, "bounced@acme.example");
  await showsNotice(stage, page, "The address was taken off the list. Its next message is sent.");
  await page.getByText("There is no such address: every message is sent.").waitFor();
}

// Types an address, and says yes to the question that names it.
async function confirmed(stage, page, takeOff, address) {
  await page.locator("#address").fill(address);
  await takeOff.click();
  await stage.titled(page, "Send to this address again?");
  assert.deepEqual(await page.locator(".subjects li").allInnerTexts(), [address]);
  await takeOff.click();
}
