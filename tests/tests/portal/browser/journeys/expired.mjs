// Under a policy by which passwords expire after 30 days: one that did signs in to be changed, and not otherwise.
import { isSignedOut, submitPassword } from "../account.mjs";
import { choose, showsRules } from "../reset.mjs";

const DAY = 86_400;

export default async function expired(stage) {
  const [person, other] = stage.people;
  const page = await stage.open();
  await stage.advance(31 * DAY);

  await submitPassword(page, person);
  await stage.titled(page, "Choose a new password");
  await page.getByText("Your password has expired.").waitFor();
  await isSignedOut(stage, await page.context().newPage(), "/account");
  await showsRules(stage, page);
  await choose(page, stage.newPassword);
  await stage.titled(page, "My account");

  stage.changed(person);
  stage.asked(other);
}
