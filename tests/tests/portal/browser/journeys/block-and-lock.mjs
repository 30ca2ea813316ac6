// Sign-in is blocked and allowed, sessions are ended, and a lock after wrong passwords is lifted: the person notices each at once.
import assert from "node:assert/strict";

import { account, act, isSignedOut, signIn, signedIn } from "../administration.mjs";
import { isWrong, send } from "../reset.mjs";

const REJECTED = "This user name and password do not fit together";

export default async function blockAndLock(stage) {
  const [person, forgetful] = stage.people;
  const page = await signedIn(stage, stage.administrator);

  await blocked(stage, page, person);
  await signedOut(stage, page, person);
  await locked(stage, page, forgetful);
}

async function blocked(stage, page, person) {
  const theirs = await signedIn(stage, person);
  await account(stage, page, person);

  await act(stage, page, person, "Block sign-in", "Sign-in is blocked.");
  assert.ok((await page.locator("dl").first().innerText()).includes("Blocked"));
  await isSignedOut(stage, theirs);
  await signIn(theirs, person.login, person.password);
  await isWrong(stage, theirs, "password", REJECTED);

  await act(stage, page, person, "Allow sign-in", "Sign-in is allowed again.");
  await signIn(theirs, person.login, person.password);
  await theirs.waitForURL((url) => url.pathname === "/account");
}

async function signedOut(stage, page, person) {
  const desk = await signedIn(stage, person);
  await account(stage, page, person);

  await act(stage, page, person, "End all sessions", "The sessions are ended.");
  await isSignedOut(stage, desk);
  await page.getByText("The person is signed in nowhere.").waitFor();

  await signIn(desk, person.login, person.password);
  await desk.waitForURL((url) => url.pathname === "/account");
  await page.reload();
  await act(stage, page, person, "End this session", "The session is ended.");
  await isSignedOut(stage, desk);
}

async function locked(stage, page, person) {
  const theirs = await stage.open();
  await signIn(theirs, person.login, "quite another guess");
  await theirs.locator(".summary").waitFor();
  // With the one before, one more than it takes. The form says each time what is wrong, and asks again.
  for (let tries = 1; tries <= 10; tries += 1) {
    await theirs.evaluate(() => document.body.setAttribute("data-seen", ""));
    await theirs.locator("#password").fill(`quite another guess ${tries}`);
    await send(theirs);
    await theirs.locator("body:not([data-seen]) .summary").waitFor();
  }
  await signIn(theirs, person.login, person.password);
  await theirs.locator("#password-problem").waitFor();
  await stage.check(theirs);

  await account(stage, page, person);
  await page.getByText("Locked after wrong passwords until").waitFor();
  await act(stage, page, person, "Unlock", "The account is unlocked.");
  assert.equal(await page.getByText("Locked after wrong passwords until").count(), 0);
  await signIn(theirs, person.login, person.password);
  await theirs.waitForURL((url) => url.pathname === "/account");
}
