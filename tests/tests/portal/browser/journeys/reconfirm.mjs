// Half a year later a sign-in asks whether the security info is still right.
import { submitPassword } from "../account.mjs";

const DAY = 86_400;

export default async function reconfirm(stage) {
  const [person, other] = stage.people;
  await stage.advance(181 * DAY);

  const page = await stage.open();
  await isAsked(stage, page, person);
  await page.getByRole("button", { name: "Still right" }).click();
  await stage.titled(page, "My account");

  const scriptless = await stage.open({ javaScriptEnabled: false });
  await isAsked(stage, scriptless, other);
  await scriptless.getByRole("button", { name: "Something changed" }).click();
  await stage.titled(scriptless, "Security info");
  stage.asked(other);
}

async function isAsked(stage, page, person) {
  await submitPassword(page, person);
  await stage.titled(page, "Is this still right?");
  await page.getByRole("listitem").filter({ hasText: "E-mail: " }).waitFor();
}
