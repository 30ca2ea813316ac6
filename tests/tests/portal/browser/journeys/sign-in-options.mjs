// From "Sign in" and its "Sign-in options" every way is found by its words: a forgotten password, an administrator, an access pass.
import { isWrong, send, wordForWord } from "../reset.mjs";

export default async function signInOptions(stage) {
  const [[person], ...others] = stage.ways;
  const page = await stage.open();
  await toSignIn(stage, page);
  await page.getByRole("link", { name: "Use a temporary access pass" }).click();
  await stage.titled(page, "Sign in with an access pass");
  await page.locator("#login").fill(person.login);
  await send(page);
  await isWrong(stage, page, "access_pass", "Enter the access pass");
  await page.getByLabel("Temporary access pass").fill("AAAA AAAA");
  await send(page);
  await isWrong(stage, page, "access_pass", "This user name and access pass do not fit together");
  await page.getByRole("link", { name: "Sign in with a password" }).click();
  await stage.titled(page, "Sign in");

  await page.getByRole("link", { name: "Can't access your account?" }).click();
  await stage.titled(page, "Can't access your account?");
  await page.getByRole("link", { name: "Contact an administrator" }).click();
  await stage.titled(page, "Contact an administrator");
  await page.getByLabel("User name or e-mail address").fill(person.login);
  await page.getByRole("button", { name: "Send" }).click();
  await stage.titled(page, "Your request was sent");

  await forgotten(stage, page, person);
  for (const [other, options] of others) await forgotten(stage, await stage.open(options), other);
}

async function toSignIn(stage, page) {
  await page.goto("/o/acme");
  await page.getByRole("link", { name: "Sign in", exact: true }).click();
  await stage.titled(page, "Sign in");
  await page.getByRole("heading", { name: "Sign-in options" }).waitFor();
}

async function forgotten(stage, page, person) {
  await toSignIn(stage, page);
  await page.getByRole("link", { name: "I forgot my password" }).click();
  await stage.titled(page, "Who are you?");
  await wordForWord(stage, page, person);
}
