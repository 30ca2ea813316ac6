// Changing a password that is known: everybody else who is signed in with it is signed out, and the old one is good for nothing.
import { isSignedOut, showsNotice, showsProblem, signIn, submitPassword } from "../account.mjs";
import { choose, isWrong, send } from "../reset.mjs";

export default async function changePassword(stage) {
  const [person] = stage.people;
  const [here, there] = [await stage.open(), await stage.open()];
  await signIn(stage, here, person);
  await signIn(stage, there, person);

  await here.getByRole("link", { name: "Password", exact: true }).first().click();
  await stage.titled(here, "Change the password");
  await send(here);
  await isWrong(stage, here, "current", "Enter your current password");
  await here.locator("#current").fill("not the one");
  await choose(here, stage.newPassword);
  await isWrong(stage, here, "current", "This is not your current password, or there were too many tries");
  await here.locator("#current").fill(person.password);
  await choose(here, "acme");
  await isWrong(stage, here, "password", "Not met yet: has at least 8 characters");
  await here.locator("#current").fill(person.password);
  await choose(here, stage.newPassword);
  await showsNotice(stage, here, "Your password is changed. You were signed out everywhere else.");
  stage.changed(person);

  await here.goto("/account/sessions");
  await stage.titled(here, "Sessions");
  await isSignedOut(stage, there, "/account");
  await submitPassword(there, person);
  await showsProblem(stage, there, "This user name and password do not fit together");
}
