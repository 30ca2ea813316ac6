// What administrators do on their way to everything else. Everything is found by what a reader is told, in English.
import assert from "node:assert/strict";

import { chooseOrganisation, send } from "./reset.mjs";
import { pollUntil } from "./stage.mjs";

export const ACCOUNTS = "/administration/accounts";

// Sends the form that signs in, whatever is made of it.
export async function signIn(page, login, password, next = "/account") {
  await chooseOrganisation(page);
  await page.goto(`/sign-in?${new URLSearchParams({ next })}`);
  await page.locator("#login").fill(login);
  await page.locator("#password").fill(password);
  await send(page);
}

// The page of a path, in a browser in which somebody is signed in.
export async function signedIn(stage, { login, password }, path = "/account", options = {}) {
  const page = await stage.open(options);
  await signIn(page, login, password, path);
  await page.waitForURL((url) => url.pathname === path);
  return page;
}

// What people are called: their logins without the domain.
export const nameOf = ({ login }) => login.split("@")[0];

// The page of somebody's account, by way of the list.
export async function account(stage, page, person) {
  await page.goto(`${ACCOUNTS}?${new URLSearchParams({ prefix: person.login })}`);
  await page.getByRole("link", { name: nameOf(person), exact: true }).click();
  await stage.titled(page, nameOf(person));
}

// Goes to the question behind a link of an account, which names the person, and says yes; what is said then.
export async function act(stage, page, person, link, said) {
  await page.getByRole("link", { name: link, exact: true }).first().click();
  await stage.titled(page, link);
  const subjects = await page.locator(".subjects").innerText();
  assert.ok(subjects.includes(nameOf(person)), subjects);
  await page.getByRole("button", { name: link, exact: true }).click();
  await showsNotice(stage, page, said);
}

// The page says what was done.
export async function showsNotice(stage, page, text) {
  await page.locator(".notice", { hasText: text }).waitFor();
  await stage.check(page);
}

// Somebody is not signed in any more: whatever they look at leads to the form.
export async function isSignedOut(stage, page) {
  await page.goto("/account/sessions");
  await stage.titled(page, "Sign in");
}

// Lets the clock of the suite go on until something stands on the page: bulk resets go by that clock, which stands otherwise.
export async function advanceUntilVisible(stage, locator) {
  await pollUntil(`${locator}`, async () => {
    await stage.advance(1);
    return (await locator.isVisible()) || undefined;
  });
}
