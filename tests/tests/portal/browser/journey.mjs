// Plays one journey: `node journey.mjs NAME`, told on standard input where everything is. It ends with its report, a line of JSON, or with
// what stood on the pages when it failed.
import { text } from "node:stream/consumers";

import { Stage } from "./stage.mjs";

const { default: journey } = await import(`./journeys/${process.argv[2]}.mjs`);
const stage = await Stage.set(JSON.parse(await text(process.stdin)));
try {
  await journey(stage);
  console.log(JSON.stringify(stage.report()));
} catch (error) {
  console.error(`${error.stack}\n${await stage.scene()}`);
  process.exitCode = 1;
} finally {
  await stage.close();
}
