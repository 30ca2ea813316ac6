// A login that nobody has and a wrong password get the very same page, but for what is drawn anew for each.
import assert from "node:assert/strict";

import { submitPassword } from "../account.mjs";
import { masked } from "./strangers.mjs";

const WRONG = "not the one";

export default async function signInStrangers(stage) {
  const known = stage.people[0].login;
  const unknown = `x${known.slice(1)}`;

  const page = await rejected(stage, known);
  const decoy = await rejected(stage, unknown);

  assert.equal(decoy, page);
}

async function rejected(stage, login) {
  const page = await stage.open({ javaScriptEnabled: false });
  await submitPassword(page, { login, password: WRONG });
  await page.locator(".summary").waitFor();
  await stage.check(page);
  return masked(await page.content(), login);
}
