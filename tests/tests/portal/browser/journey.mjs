// Plays journeys in one browser. Each is told on standard input, by a line of JSON: which one, with whom, and where everything is. It
// ends with its report, a line of JSON, or with `null` and what stood on the pages when it failed, which ends all of it.
import { createInterface } from "node:readline";

import { Stage, launch } from "./stage.mjs";

let browser;
for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  browser ??= await launch(told);
  if (!(await play(told))) break;
}
await browser?.close();

async function play(told) {
  const { default: journey } = await import(`./journeys/${told.journey}.mjs`);
  const stage = new Stage(told, browser);
  try {
    await journey(stage);
    console.log(JSON.stringify(stage.report()));
    return true;
  } catch (error) {
    console.log("null");
    console.error(`${told.journey}: ${error.stack}\n${await stage.scene()}`);
    process.exitCode = 1;
    return false;
  } finally {
    await stage.clear();
  }
}
