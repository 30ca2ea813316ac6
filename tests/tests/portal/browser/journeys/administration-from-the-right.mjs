// The pages of administrators in Arabic, at each size, in light and dark.
import { account, signedIn } from "../administration.mjs";

export const PAGES = [
  ["accounts", "accounts"],
  ["new-account", "accounts/new"],
  ["requests", "requests"],
  ["bulk", "bulk-resets"],
  ["bulk-new", "bulk-resets/new"],
  ["groups", "groups"],
  ["policy", "policy"],
  ["policy-edit", "policy/edit"],
  ["policy-logo", "policy/logo"],
  ["policy-revisions", "policy/revisions"],
  ["policy-revision", "policy/revisions/1"],
  ["templates", "templates"],
  ["template", "templates/password_reset_code/ar"],
  ["template-versions", "templates/password_reset_code/ar/versions"],
  ["audit", "audit"],
  ["messages", "messages"],
  ["providers", "messages/providers"],
  ["suppressions", "messages/suppressions"],
];

export default async function administrationFromTheRight(stage) {
  const [person] = stage.people;
  const page = await signedIn(stage, stage.administrator, "/account", { locale: "ar" });
  await page.locator("html[dir=rtl] .rail").waitFor();

  for (const [name, path] of PAGES) {
    await page.goto(`/administration/${path}`);
    await stage.look(page, `${name}-ar`);
  }
  await account(stage, page, person);
  await stage.look(page, "account-page-ar");
  await page.locator("a[href$='/reset-password']").click();
  await page.locator(".subjects").waitFor();
  await stage.look(page, "reset-password-ar");
}
