// The pages of signing in, and what an account shows once, at each size, in light and dark.
import { addAuthenticator, makeRecoveryCodes, signIn, submitPassword } from "../account.mjs";

const PAGES = [
  ["sign-in", "/sign-in"],
  ["access-pass", "/sign-in/access-pass"],
  ["passkey", "/sign-in/passkey"],
];

export default async function signInPages(stage) {
  const [person] = stage.people;
  const page = await stage.open();
  await page.goto("/o/acme");
  for (const [name, path] of PAGES) {
    await page.goto(path);
    await stage.look(page, name);
  }

  await signIn(stage, page, person);
  await addAuthenticator(stage, page);
  stage.asked(person);
  await makeRecoveryCodes(stage, page);
  await stage.look(page, "recovery-codes-shown");

  await submitPassword(page, person);
  await stage.titled(page, "One more proof");
  await stage.look(page, "second-factor");
}
