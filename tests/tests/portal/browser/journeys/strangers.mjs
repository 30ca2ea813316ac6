// A login that nobody has gets the very pages of one that somebody has, but for what is drawn anew for each reset.
import assert from "node:assert/strict";

import { askForCode, begin, enterCode, send, wrongCode } from "../reset.mjs";

export default async function strangers(stage) {
  const known = stage.people[0].login;
  const unknown = `x${known.slice(1)}`;

  const right = await pagesOf(stage, known, async () => stage.code(known));
  const wrong = wrongCode(await stage.code(known));
  const pages = await pagesOf(stage, known, async () => wrong);
  const decoys = await pagesOf(stage, unknown, async () => wrong);

  assert.deepEqual(decoys, pages);
  assert.notDeepEqual(right, pages, "a right code leads on");
  assert.deepEqual(await stage.codes(unknown), []);
}

// The pages of a reset with this code, and of a request for help in it, in a browser that changes nothing in them.
async function pagesOf(stage, login, code) {
  const page = await stage.open({ javaScriptEnabled: false });
  const pages = [];
  const keep = async () => {
    await stage.check(page);
    pages.push(masked(await page.content(), login));
  };

  await begin(page, login);
  await keep();
  await askForCode(page);
  await keep();
  await enterCode(page, await code());
  await page.locator(".summary, #password").first().waitFor();
  await keep();
  const reset = new URL(page.url()).pathname.replace(/[^/]+$/, "");
  await page.goto(`${reset}help`);
  await keep();
  await send(page);
  await page.waitForURL(/\/help\/sent$/);
  await keep();
  return pages;
}

// Without what is of one reset: its name, its tokens (but how long they are), and the login.
export function masked(html, login) {
  return html
    .replaceAll(login, "LOGIN")
    .replace(/reset\/[\w-]{8}\//g, "reset/RESET/")
    .replace(/(name="(?:form_token|request_id)" value=")([^"]*)/g, (_, start, token) => start + "x".repeat(token.length));
}
