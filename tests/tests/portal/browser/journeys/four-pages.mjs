// A forgotten password is reset as its pages say it, and "back" shows nothing of it.
import { wordForWord } from "../reset.mjs";

export default async function fourPages(stage) {
  const [person] = stage.people;
  const page = await stage.open();

  await wordForWord(stage, page, person);

  await page.goBack();
  await stage.titled(page, "This reset is over");
}
