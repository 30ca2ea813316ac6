// A second factor: codes of an authenticator app and saved ones, from the QR code to the sign-in. Each code is good once.
import assert from "node:assert/strict";

import { addAuthenticator, makeRecoveryCodes, showsProblem, signIn, signOut, submitPassword, totpCode } from "../account.mjs";
import { enterCode, wrongCode } from "../reset.mjs";

export default async function authenticator(stage) {
  for (const [person, options] of stage.ways) await factors(stage, person, options);
}

async function factors(stage, person, options) {
  const page = await stage.open(options);
  await signIn(stage, page, person);
  const key = await addAuthenticator(stage, page);
  const saved = await makeRecoveryCodes(stage, page);
  stage.asked(person);
  await signOut(stage, page);

  // The code that confirmed the app is used up.
  const code = totpCode(key, await stage.advance(60));
  await isAskedForMore(stage, page, person);
  await enterCode(page, "");
  await showsProblem(stage, page, "Enter the code");
  await enterCode(page, wrongCode(code));
  await showsProblem(stage, page, "This code is not right, or was used before");
  await enterCode(page, code);
  await stage.titled(page, "My account");
  await signOut(stage, page);

  await isAskedForMore(stage, page, person);
  await enterCode(page, code);
  await showsProblem(stage, page, "This code is not right, or was used before");
  await page.getByRole("link", { name: "A recovery code that you saved" }).click();
  await page.getByText("Enter one of the recovery codes that you saved.").waitFor();
  await stage.check(page);
  await enterCode(page, saved[0].toLowerCase());
  await stage.titled(page, "My account");

  await page.goto("/account/recovery-codes");
  await page.getByText(`Codes left: ${saved.length - 1}`).waitFor();
  await signOut(stage, page);
  await isAskedForMore(stage, page, person);
  await page.getByRole("link", { name: "A recovery code that you saved" }).click();
  await page.getByText("Enter one of the recovery codes that you saved.").waitFor();
  await enterCode(page, saved[0]);
  await showsProblem(stage, page, "This code is not right, or was used before");
  assert.match(new URL(page.url()).pathname, /^\/sign-in\/continue\//);
}

async function isAskedForMore(stage, page, person) {
  await submitPassword(page, person);
  await stage.titled(page, "One more proof");
}
