// Signing in, and what the pages of one's own account have in common.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";

import { chooseOrganisation, send } from "./reset.mjs";
import { devtools } from "./checks.mjs";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

// What a password leads to, whatever that is.
export async function submitPassword(page, { login, password }) {
  await chooseOrganisation(page);
  await page.goto("/sign-in");
  await fillSignInForm(page, { login, password });
}

// The form of "Sign in", as it stands.
export async function fillSignInForm(page, { login, password }) {
  await page.locator("#login").fill(login);
  await page.locator("#password").fill(password);
  await send(page);
}

// The same with what fits, to "My account".
export async function signIn(stage, page, person) {
  await submitPassword(page, person);
  await stage.titled(page, "My account");
}

export async function signOut(stage, page) {
  await page.getByRole("button", { name: "Sign out" }).click();
  await stage.titled(page, "Sign in");
  await showsNotice(stage, page, "You are signed out on this device");
}

// A page says what was done before it was shown.
export async function showsNotice(stage, page, text) {
  await page.locator(".notice", { hasText: text }).waitFor();
  await stage.check(page);
}

// A page says what is wrong, beside a field or not.
export async function showsProblem(stage, page, text) {
  await page.locator(".summary li", { hasText: text }).waitFor();
  await stage.check(page);
}

// Whoever looks at an address behind sign-in is asked to sign in.
export async function isSignedOut(stage, page, path) {
  await page.goto(path);
  await stage.titled(page, "Sign in");
  assert.equal(new URL(page.url()).pathname, "/sign-in");
}

// Adds an authenticator app; its key.
export async function addAuthenticator(stage, page) {
  await page.goto("/account/security-info");
  await page.getByRole("link", { name: "Add an authenticator app" }).click();
  await stage.titled(page, "Add an authenticator app");
  await page.getByRole("button", { name: "Show the QR code" }).click();
  const key = await page.locator("code.key").innerText();
  await page.getByRole("img", { name: "QR code with the key" }).waitFor();
  await stage.check(page);
  await page.getByLabel("Code", { exact: true }).fill(totpCode(key, await stage.advance(0)));
  await page.getByRole("button", { name: "Verify" }).click();
  await showsNotice(stage, page, "It is confirmed.");
  return key;
}

// Has recovery codes made; all of them.
export async function makeRecoveryCodes(stage, page) {
  await page.goto("/account/recovery-codes");
  await stage.titled(page, "Recovery codes");
  await page.getByRole("button", { name: "Make new codes" }).click();
  await stage.titled(page, "Your recovery codes");
  return page.locator(".codes code").allInnerTexts();
}

// What an authenticator app makes of a key at this second (RFC 6238, with its defaults).
export function totpCode(key, unixSeconds) {
  const letters = [...key.replace(/\s/g, "")];
  const bits = letters.map((letter) => LETTERS.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(unixSeconds / 30)));
  const mac = createHmac("sha1", secret).update(counter).digest();
  const truncated = mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff;
  return String(truncated % 1_000_000).padStart(6, "0");
}

// Gives a page a device that makes passkeys and uses them, with a finger always on it (WebDriver, "Virtual Authenticators").
export async function addVirtualAuthenticator(page) {
  const browser = await devtools(page);
  await browser.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2",
    transport: "internal",
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  await browser.send("WebAuthn.addVirtualAuthenticator", { options });
}

// Addresses and titles, as "back" lists them.
export async function history(page) {
  const browser = await devtools(page);
  const { entries } = await browser.send("Page.getNavigationHistory");
  return entries.flatMap(({ url, title }) => [url, title]);
}
