// The pages beside the way of a reset, and those that say that something is wrong, at each size, in light and dark.
import { askForCode, begin, send } from "../reset.mjs";

const PLACES = [
  ["help", "/help"],
  ["help-sent", "/help/sent"],
  ["not-found", "/nowhere"],
  ["over", "/reset/AAAAAAAA/code"],
];

export default async function otherPages(stage) {
  const [person] = stage.people;
  const page = await stage.open();
  await page.goto("/organisation");
  await stage.look(page, "organisation");

  await page.goto("/o/acme");
  for (const [name, path] of PLACES) {
    await page.goto(path);
    await stage.look(page, name);
  }

  await begin(page, person.login);
  await askForCode(page);
  await send(page);
  await page.locator(".summary").waitFor();
  await page.locator("#code").fill("123");
  await stage.look(page, "code-wrong");
}
