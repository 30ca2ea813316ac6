// The same where scripts are off: every page works without.
import { wordForWord } from "../reset.mjs";

export default async function withoutScripts(stage) {
  const [person] = stage.people;
  const page = await stage.open({ javaScriptEnabled: false });

  await wordForWord(stage, page, person);

  await page.goBack();
  await stage.titled(page, "This reset is over");
}
