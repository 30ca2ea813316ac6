// The same pages in Arabic.
import { submitPassword } from "../account.mjs";
import { looks } from "./account-pages.mjs";

export default async function accountFromTheRight(stage) {
  const [person] = stage.people;
  const page = await stage.open({ locale: "ar" });
  await submitPassword(page, person);
  await page.locator("html[dir=rtl] .rail").waitFor();

  await looks(stage, page, "-ar");
}
