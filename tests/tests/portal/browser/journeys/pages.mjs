// The main pages, and those that say that something is wrong, at each size, in light and dark.
import { askForCode, begin, send, walk } from "../reset.mjs";

export default async function pages(stage) {
  const [person, other] = stage.people;
  const page = await stage.open();
  await page.goto("/organisation");
  await stage.look(page, "organisation");

  await walk(stage, page, person, (name) => stage.look(page, name));

  const others = [
    ["who", "/reset"],
    ["help", "/help"],
    ["help-sent", "/help/sent"],
    ["not-found", "/nowhere"],
    ["over", "/reset/AAAAAAAA/code"],
  ];
  for (const [name, path] of others) {
    await page.goto(path);
    await stage.look(page, name);
  }

  await begin(page, other.login);
  await askForCode(page);
  await send(page);
  await page.locator(".summary").waitFor();
  await page.locator("#code").fill("123");
  await stage.look(page, "code-wrong");
}
