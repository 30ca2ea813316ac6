// A passkey, from the device that makes it: it signs in alone, beside a password, and proves a reset.
import { addVirtualAuthenticator, showsNotice, showsProblem, signIn, signOut, submitPassword } from "../account.mjs";
import { askForCode, begin, enterCode, set } from "../reset.mjs";

const DAY = 86_400;

export default async function passkeys(stage) {
  const [person, other] = stage.people;
  const page = await stage.open();
  await addVirtualAuthenticator(page);
  await signIn(stage, page, person);
  await addPasskey(stage, page);
  stage.asked(person);
  await signOut(stage, page);

  await signsInAlone(stage, page);
  await signOut(stage, page);
  await submitPassword(page, person);
  await stage.titled(page, "One more proof");
  await use(page);
  await stage.titled(page, "My account");
  await signOut(stage, page);

  // What was added of late proves no reset.
  await stage.advance(4 * DAY);
  await reset(stage, page, person);

  await withoutDevice(stage, other);
}

async function addPasskey(stage, page) {
  await page.goto("/account/security-info");
  await stage.titled(page, "Security info");
  await page.getByRole("link", { name: "Add a passkey" }).click();
  await stage.titled(page, "Add a passkey");
  await page.getByLabel("Name (optional)").fill("Work laptop");
  await page.getByRole("button", { name: "Make a passkey" }).click();
  await showsNotice(stage, page, "Your passkey is added. You can sign in with it from now on.");

  await page.getByRole("link", { name: "Rename Passkey: Work laptop" }).click();
  await stage.titled(page, "Rename this passkey");
  await page.getByLabel("New name").fill("Old laptop");
  await page.getByRole("button", { name: "Rename" }).click();
  await showsNotice(stage, page, "The passkey has its new name.");
  await page.getByRole("rowheader", { name: "Passkey: Old laptop" }).waitFor();
}

async function signsInAlone(stage, page) {
  await page.goto("/sign-in?next=/account/security-info");
  await stage.titled(page, "Sign in");
  await page.getByRole("link", { name: "Sign in with a passkey" }).click();
  await stage.titled(page, "Use your passkey");
  await use(page);
  await stage.titled(page, "Security info");
}

async function reset(stage, page, person) {
  await begin(page, person.login);
  await askForCode(page);
  await enterCode(page, await stage.code(person.login));
  await page.waitForURL(/\/prove$/);
  await stage.check(page);
  await page.getByRole("radio", { name: "A passkey on your device" }).check();
  await page.getByRole("button", { name: "Get a verification code" }).click();
  await stage.titled(page, "Use your passkey");
  await use(page);
  await page.waitForURL(/\/password$/);
  await set(stage, page, person);
}

// A device with no passkey of the organisation: the page says so, and the ways around it are there.
async function withoutDevice(stage, person) {
  const page = await stage.open({ javaScriptEnabled: false });
  await page.goto("/o/acme");
  await page.goto("/sign-in/passkey");
  await stage.titled(page, "Use your passkey");
  await page.getByText("Passkeys need a browser that knows them, with scripts switched on.").waitFor();
  await page.getByRole("link", { name: "Sign in with a password" }).click();
  await stage.titled(page, "Sign in");
  await submitPassword(page, { ...person, password: "not the one" });
  await showsProblem(stage, page, "This user name and password do not fit together");
}

const use = (page) => page.getByRole("button", { name: "Use a passkey" }).click();
