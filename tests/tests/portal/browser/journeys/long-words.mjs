// The pages of administrators in German, whose words are long, and in Japanese, which has no blanks between them, on a phone.
import { signedIn } from "../administration.mjs";
import { PAGES } from "./administration-from-the-right.mjs";

export default async function longWords(stage) {
  for (const language of ["de", "ja"]) {
    const page = await signedIn(stage, stage.administrator, "/account", { locale: language });
    await page.locator(`html[lang=${language}] .rail`).waitFor();
    for (const [, path] of PAGES) {
      await page.goto(`/administration/${path}`);
      await stage.check(page);
    }
  }
}
