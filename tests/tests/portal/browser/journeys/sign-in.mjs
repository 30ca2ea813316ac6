// Signing in and out, with scripts and without. Behind "back" there is nothing afterwards.
import assert from "node:assert/strict";

import { fillSignInForm, isSignedOut, signOut, submitPassword } from "../account.mjs";
import { isWrong, send } from "../reset.mjs";

const WANTED = "/account/sessions";

export default async function signIn(stage) {
  await mistakes(stage, stage.people[0]);
  for (const [person, options] of stage.ways) await inAndOut(stage, person, options);
}

async function mistakes(stage, person) {
  const page = await stage.open();
  await page.goto("/o/acme");
  await page.goto("/sign-in");
  await stage.titled(page, "Sign in");

  await send(page);
  await isWrong(stage, page, "login", "Enter your user name or e-mail address");
  await page.locator("#login").fill(person.login);
  await send(page);
  await isWrong(stage, page, "password", "Enter your password");
  await fillSignInForm(page, { ...person, password: "not the one" });
  await isWrong(stage, page, "password", "This user name and password do not fit together");
  assert.equal(await page.locator("#login").inputValue(), person.login);
  assert.ok(!(await page.content()).includes("not the one"), "what was typed is not shown again");
}

async function inAndOut(stage, person, options) {
  const page = await stage.open(options);
  await page.goto("/o/acme");
  await page.getByRole("link", { name: "Sign in", exact: true }).click();
  await stage.titled(page, "Sign in");

  // Who is asked to sign in first comes to where they wanted to go.
  await isSignedOut(stage, page, WANTED);
  await fillSignInForm(page, person);
  await stage.titled(page, "Sessions");
  assert.equal(new URL(page.url()).pathname, WANTED);
  await page.locator("td", { hasText: "This one" }).waitFor();

  await signOut(stage, page);
  await page.goBack();
  await stage.titled(page, "Sign in");
  assert.equal(new URL(page.url()).searchParams.get("next"), WANTED, "the page was asked for once more");
  const cookies = await page.context().cookies();
  assert.ok(!cookies.some(({ name }) => name === "__Host-rekey-session"), "the browser keeps no session");

  await submitPassword(page, person);
  await stage.titled(page, "My account");
}
