// Whoever is locked out asks for help; an administrator takes the request, checks who is calling, and closes it.
import { nameOf, showsNotice, signedIn } from "../administration.mjs";
import { isWrong, send, wrongCode } from "../reset.mjs";

const REQUESTS = "/administration/requests";

export default async function helpDesk(stage) {
  const [person, stranger] = stage.people;
  const page = await signedIn(stage, stage.administrator, REQUESTS);
  await page.getByText("Nobody is waiting for help. Choose another state to see earlier requests.").waitFor();
  await stage.titled(page, "Help requests");

  await asks(stage, person);
  await asks(stage, stranger);
  await page.reload();
  await page.getByText("I lost my phone").first().waitFor();
  await stage.look(page, "requests");
  await opened(stage, page, person);
  await checked(stage, page, person);
  await press(page, `${named(person)} was helped`);
  await showsNotice(stage, page, "The request is closed: the person was helped.");

  await page.getByRole("link", { name: "All help requests" }).click();
  await opened(stage, page, stranger);
  await press(page, `Deny the request of ${named(stranger)}`);
  await showsNotice(stage, page, "The request is closed: it was denied.");
  for (const [state, who] of [["Helped", person], ["Denied", stranger]]) {
    await page.goto(REQUESTS);
    await page.getByLabel("State").selectOption({ label: state });
    await press(page, "Filter");
    await page.getByRole("link", { name: named(who) }).waitFor();
    await stage.check(page);
  }
}

const named = (person) => `${nameOf(person)} (${person.login})`;
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

async function asks(stage, person) {
  const page = await stage.open();
  await page.goto("/o/acme");
  await page.getByRole("link", { name: "Contact an administrator" }).click();
  await stage.titled(page, "Contact an administrator");
  await page.locator("#login").fill(person.login);
  await page.locator("#message").fill("I lost my phone");
  await send(page);
  await stage.titled(page, "Your request was sent");
}

async function opened(stage, page, person) {
  await page.getByRole("link", { name: named(person) }).click();
  await stage.titled(page, `Help request of ${named(person)}`);
  await page.getByText("Anybody could have asked this in their name. Check who it is before you help.").waitFor();
}

async function checked(stage, page, person) {
  await press(page, "Take the request");
  await showsNotice(stage, page, "You have taken the request.");

  await page.getByLabel("Send the code").selectOption({ label: "By e-mail" });
  await press(page, "Send a code to the caller");
  await page.getByText("Ask the caller to read it to you.").waitFor();
  await stage.look(page, "request");
  const code = await stage.code(person.login);
  const field = page.getByLabel("Code that the caller read");
  await press(page, "Check the code");
  await isWrong(stage, page, "code", "Enter the code");
  await field.fill(wrongCode(code));
  await press(page, "Check the code");
  await isWrong(stage, page, "code", "This code is not right, or no longer good.");
  await field.fill(code);
  await press(page, "Check the code");
  await showsNotice(stage, page, "The code was right: the caller holds a method of this account.");
}
