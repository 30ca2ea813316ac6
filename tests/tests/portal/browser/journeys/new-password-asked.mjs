// An administrator wants another password: it is set on the way in, by a form that says what is wrong with it.
import { submitPassword } from "../account.mjs";
import { choose, isWrong, showsRules } from "../reset.mjs";

export default async function newPasswordAsked(stage) {
  const [person, other] = stage.people;
  const password = await stage.resetPassword(person, "GENERATE");
  await stage.resetPassword(other, "REQUIRE_CHANGE");

  const page = await stage.open();
  await isAsked(stage, page, { ...person, password });
  await showsRules(stage, page);
  await choose(page, stage.newPassword, "another one");
  await isWrong(stage, page, "repeated", "Enter the same password in both fields");
  await choose(page, "acme");
  await isWrong(stage, page, "password", "Not met yet: has at least 8 characters");
  await isSet(stage, page, person);

  const scriptless = await stage.open({ javaScriptEnabled: false });
  await isAsked(stage, scriptless, other);
  await scriptless.getByText("has at least 8 characters").waitFor();
  await isSet(stage, scriptless, other);
}

async function isAsked(stage, page, person) {
  await submitPassword(page, person);
  await stage.titled(page, "Choose a new password");
  await page.getByText("An administrator wants you to choose a new password.").waitFor();
}

async function isSet(stage, page, person) {
  await choose(page, stage.newPassword);
  await stage.titled(page, "My account");
  stage.changed(person);
}
