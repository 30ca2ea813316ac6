// A reset by keyboard alone. Wherever the focus rests on the way, it shows.
import assert from "node:assert/strict";

// No page has as many stops.
const MOST_STOPS = 40;

export default async function keyboard(stage) {
  const [person] = stage.people;
  const page = await stage.open();
  await page.goto("/o/acme");

  await press(page, "I forgot my password");
  await stage.titled(page, "Who are you?");
  await type(page, "login", person.login);
  await page.keyboard.press("Enter");
  await stage.titled(page, "Prove that it is you");
  await tabTo(page, "method");
  await page.keyboard.press("Space");
  await press(page, "Get a verification code");
  await stage.titled(page, "Enter the code");
  await type(page, "code", await stage.code(person.login));
  await page.keyboard.press("Enter");
  await stage.titled(page, "Choose a new password");
  await type(page, "password", stage.newPassword);
  await type(page, "repeated", stage.newPassword);
  await page.keyboard.press("Enter");
  await stage.titled(page, "Your new password is set");
  stage.changed(person);
}

async function press(page, text) {
  await tabTo(page, text);
  await page.keyboard.press("Enter");
}

async function type(page, field, text) {
  await tabTo(page, field);
  await page.keyboard.type(text);
}

// Goes on by Tab to what has this text or is the field of this name.
async function tabTo(page, wanted) {
  for (let stops = 0; stops < MOST_STOPS; stops += 1) {
    await page.keyboard.press("Tab");
    const { isPage, names, shows } = await page.evaluate(stop);
    assert.ok(isPage || shows, `the focus shows on ${names}`);
    if (names.includes(wanted)) return;
  }
  assert.fail(`Tab does not reach ${wanted}`);
}

// Runs in the page: where the focus is.
function stop() {
  const element = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  return {
    isPage: element === document.body,
    names: [element.getAttribute("name"), element.innerText?.trim()],
    shows: outlineStyle !== "none" && parseFloat(outlineWidth) > 0,
  };
}
