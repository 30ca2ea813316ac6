// The pages of one's own account at each size, in light and dark.
import { addAuthenticator, signIn } from "../account.mjs";

const PAGES = [
  ["account", "/account"],
  ["security-info", "/account/security-info"],
  ["add-email", "/account/security-info/email"],
  ["add-phone", "/account/security-info/phone"],
  ["add-passkey", "/account/security-info/passkey"],
  ["change-password", "/account/password"],
  ["recovery-codes", "/account/recovery-codes"],
  ["sessions", "/account/sessions"],
  ["directories", "/account/directories"],
  ["link-account", "/account/directories/link"],
];

export default async function accountPages(stage) {
  const [person] = stage.people;
  const page = await stage.open();
  await signIn(stage, page, person);
  await addAuthenticator(stage, page);
  stage.asked(person);

  await looks(stage, page, "");
}

// Each of them; what their pictures are called ends so.
export async function looks(stage, page, ending) {
  for (const [name, path] of PAGES) {
    await page.goto(path);
    await stage.look(page, `${name}${ending}`);
  }
}
