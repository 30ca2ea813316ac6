// Two resets in two tabs of one browser do not mix.
import { askForCode, begin, enterCode, isWrong, prove, set } from "../reset.mjs";

export default async function tabs(stage) {
  const [one, other] = stage.people;
  const first = await stage.open();
  const second = await first.context().newPage();
  await begin(first, one.login);
  await begin(second, other.login);
  await askForCode(first);
  await askForCode(second);

  await enterCode(first, await stage.code(other.login));
  await isWrong(stage, first, "code", "This code is not right, or no longer good");

  await prove(first, await stage.code(one.login));
  await prove(second, await stage.code(other.login));
  await set(stage, second, other);
  await set(stage, first, one);
}
