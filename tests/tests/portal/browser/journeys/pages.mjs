// The pages of a reset at each size, in light and dark.
import { walkReset } from "../reset.mjs";

export default async function pages(stage) {
  const [person] = stage.people;
  const page = await stage.open();

  await walkReset(stage, page, person, (name) => stage.look(page, name));
}
