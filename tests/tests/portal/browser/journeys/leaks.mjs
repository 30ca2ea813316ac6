// Nothing secret stands in an address, the history, a referrer or where scripts read; what is kept is kept in cookies of this host alone.
import assert from "node:assert/strict";

import { history, submitPassword } from "../account.mjs";
import { walkReset } from "../reset.mjs";

const BEHIND_SIGN_IN = ["/account", "/account/security-info", "/account/password", "/account/sessions"];

export default async function leaks(stage) {
  const [person] = stage.people;
  const page = await stage.open();
  const seen = [];
  page.context().on("request", (request) => seen.push(request.url(), request.headers().referer ?? ""));
  const secrets = [person.login, stage.newPassword];

  const look = async () => {
    await stage.check(page);
    const tokens = await page.locator("[name=form_token], [name=request_id]").all();
    secrets.push(...(await Promise.all(tokens.map((token) => token.getAttribute("value")))));
    seen.push(...(await page.evaluate(readable)));
    cookiesAreOfThisHost(await page.context().cookies());
  };
  await walkReset(stage, page, person, look);
  await submitPassword(page, { ...person, password: stage.newPassword });
  await page.waitForURL(/\/account$/);
  for (const path of BEHIND_SIGN_IN) {
    await page.goto(path);
    await look();
  }

  secrets.push(...(await stage.codes(person.login)));
  seen.push(...(await history(page)));
  assert.ok(secrets.length > 8 && seen.length > 20, `${secrets.length} secrets in ${seen.length} places`);
  for (const secret of secrets.flatMap((secret) => [secret, encodeURIComponent(secret)])) {
    assert.deepEqual(seen.filter((text) => text.includes(secret)), []);
  }
  const names = (await page.context().cookies()).map(({ name }) => name);
  // A reset that is done is forgotten.
  assert.deepEqual(names.filter((name) => name.startsWith("__Host-rekey-reset")), []);
}

// Runs in the page: what a script can read that outlives the page, or came from one before it.
function readable() {
  const stored = [localStorage, sessionStorage].map((storage) => JSON.stringify({ ...storage }));
  return [document.referrer, document.cookie, window.name, location.href, ...stored];
}

function cookiesAreOfThisHost(cookies) {
  assert.ok(cookies.length > 0);
  for (const { name, path, secure, httpOnly, sameSite } of cookies) {
    assert.match(name, /^__Host-/);
    assert.deepEqual({ path, secure, httpOnly, sameSite }, { path: "/", secure: true, httpOnly: true, sameSite: "Lax" });
  }
}
