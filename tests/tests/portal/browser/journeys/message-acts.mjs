// A message that waits is withdrawn; one that was given up is sent again.
import { showsNotice, signedIn } from "../administration.mjs";
import { begin, send } from "../reset.mjs";
import { pollUntil } from "../stage.mjs";

const MESSAGES = "/administration/messages";

export default async function messageActs(stage) {
  const { helper, unreached, refused } = stage.cast;
  const page = await signedIn(stage, helper, MESSAGES);

  await askForText(stage, unreached);
  // A try failed, and the next one is far enough away.
  await open(page, "queued", (row) => row.locator("td").nth(4).innerText(), "1");
  await stage.check(page);
  await confirmed(stage, page, "Withdraw this message", /^Withdraw the message to /, "The message was withdrawn.");
  await page.locator(".journey li", { hasText: "Withdrawn" }).waitFor();

  await askForText(stage, refused);
  await open(page, "dead");
  await stage.check(page);
  await confirmed(stage, page, "Send this message again", /^Send the message to .* again$/, "The message is queued again.");
  await pollUntil("the message handed over", async () => {
    await page.reload();
    return (await page.locator(".journey li.good", { hasText: "Handed over" }).count()) || undefined;
  });
  await stage.check(page);
}

async function askForText(stage, { login }) {
  const page = await stage.open();
  await begin(page, login);
  await page.getByRole("radio", { name: "A code by text message" }).check();
  await send(page);
  await page.waitForURL(/\/code$/);
}

// The page of the only message in a state, once what is said of it is as wanted.
async function open(page, state, told = () => undefined, wanted = undefined) {
  const row = page.getByRole("row", { name: /password_reset_code/ });
  await pollUntil(`a message that is ${state}`, async () => {
    await page.goto(`${MESSAGES}?state=${state}`);
    return ((await row.count()) === 1 && (await told(row)) === wanted) || undefined;
  });
  await row.getByRole("link").click();
  await page.getByRole("heading", { level: 1, name: /^Message to / }).waitFor();
}

async function confirmed(stage, page, question, button, said) {
  await page.getByRole("link", { name: question }).click();
  await stage.titled(page, question);
  await page.getByRole("button", { name: button }).click();
  await showsNotice(stage, page, said);
}
