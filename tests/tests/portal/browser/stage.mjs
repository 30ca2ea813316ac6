// A Chromium whose pages are watched and judged, and what a journey knows beside it: its people, their mail, the clock of the suite.
//
// Nothing waits for a time: a page is waited for by what stands on it, a mail by its arrival. A deadline turns waiting for ever into a
// failure that says what was waited for.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { layoutFaults, namelessFields, picture, structure, untoldProblems, violations, weight } from "./checks.mjs";

// For a browser that talks to nobody but the portal, in a container, as root.
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const PHONE = { width: 360, height: 740 };
const DESK = { width: 1280, height: 900 };

// What every journey looks at.
const PHONE_BY_DAY = { viewport: PHONE, colorScheme: "light" };
const DESK_BY_NIGHT = { viewport: DESK, colorScheme: "dark" };

// What pictures are made of.
const LOOKS = [
  PHONE_BY_DAY,
  { viewport: PHONE, colorScheme: "dark" },
  { viewport: DESK, colorScheme: "light" },
  DESK_BY_NIGHT,
];

// What a page may weigh, with everything it loads.
const MAX_PAGE_BYTES = 60_000;

// Far above what anything takes on a busy machine.
const TIMEOUT_MS = 30_000;
const POLL_INTERVAL_MS = 20;

// Starts the browser of all journeys: Chromium, axe for the pages it shows, and what pages were made of that were judged in it.
export async function launch(told) {
  const require = createRequire(join(told.tools, "browser", "package.json"));
  const { chromium } = require("playwright-core");
  const axe = readFileSync(require.resolve("axe-core"), "utf8");
  if (told.pictures) mkdirSync(told.pictures, { recursive: true });
  const program = await chromium.launch({ executablePath: told.chromium, args: FLAGS });
  return { axe, judged: new Set(), program, close: () => program.close() };
}

export class Stage {
  #told;
  #browser;
  #scriptless = new WeakSet();
  #faults = [];
  #changed = [];
  #asked = [];
  #shutOut = [];
  #pages = 0;
  #heaviest = 0;

  constructor(told, browser) {
    this.#told = told;
    this.#browser = browser;
  }

  get people() {
    return this.#told.people;
  }

  // Each person with how they go through pages: the first with scripts, the other without, which makes no difference to stores.
  get ways() {
    const [first, other] = this.people;
    const without = [other, { javaScriptEnabled: false }];
    return this.#told.closely ? [[first, {}], without] : [[first, {}]];
  }

  // The other organisation: its handle, its name, and a person of it.
  get elsewhere() {
    return this.#told.elsewhere;
  }

  // Where ours are.
  get portal() {
    return this.#told.portal;
  }

  // Who may do everything; in those suites that have one.
  get administrator() {
    return this.#told.administrator;
  }

  // Many others, where there are some; their names are as their logins begin.
  get crowd() {
    return this.#told.crowd;
  }

  get newPassword() {
    return this.#told.newPassword;
  }

  // A page in a browser of its own: cookies, language and looks are nobody else's.
  async open(options = {}) {
    const { portal } = this.#told;
    const context = await this.#browser.program.newContext({
      baseURL: portal,
      locale: "en",
      timezoneId: "UTC",
      ...PHONE_BY_DAY,
      ...options,
    });
    context.setDefaultTimeout(TIMEOUT_MS);
    if (options.javaScriptEnabled === false) this.#scriptless.add(context);
    this.#watch(context, new URL(portal).origin);
    return context.newPage();
  }

  // A page of another site, in a browser of its own that nobody watches: what it does wrong is no fault of ours.
  async openElsewhere() {
    const { portal, control } = this.#told;
    const context = await this.#browser.program.newContext({ baseURL: portal, locale: "en" });
    context.setDefaultTimeout(TIMEOUT_MS);
    const page = await context.newPage();
    await page.goto(`${control}/elsewhere`);
    return page;
  }

  // What a browser notes of a page that is wrong, and what a page asks for that it should not.
  #watch(context, origin) {
    context.on("request", (request) => {
      if (new URL(request.url()).origin !== origin) this.#faults.push(`asks ${request.url()}`);
    });
    context.on("response", (response) => {
      const isPage = response.request().resourceType() === "document";
      if (!isPage && response.status() >= 400) this.#faults.push(`gets ${response.status()} for ${response.url()}`);
    });
    context.on("weberror", (error) => this.#faults.push(`script: ${error.error().stack}`));
    context.on("console", (message) => {
      // Statuses are judged above; a page that says what is wrong with a form has one that says so, too.
      const isStatus = message.text().startsWith("Failed to load resource: the server responded with a status of");
      if (message.type() === "error" && !isStatus) this.#faults.push(`console: ${message.text()}`);
    });
  }

  // Waits for the page of this title, and judges it.
  async titled(page, title) {
    await page.getByRole("heading", { level: 1, name: title, exact: true }).waitFor();
    await this.check(page);
  }

  // Judges a page as it stands.
  async check(page) {
    await page.waitForLoadState("load");
    const bytes = await weight(page);
    this.#heaviest = Math.max(this.#heaviest, bytes);
    const found = [
      ...(bytes > MAX_PAGE_BYTES ? [`weighs ${bytes} bytes`] : []),
      // What is in the stores does not show: on one set of them pages are looked at closely.
      ...(this.#told.closely ? await this.#closely(page) : []),
      ...this.#faults.splice(0),
    ];
    this.#pages += 1;
    const { width } = page.viewportSize();
    isNothing(found, `${new URL(page.url()).pathname} at ${width} px`);
  }

  // What a page lets its reader do and see. Words may be too wide on any page; all else depends on what the page is made of, and one
  // that is made like another was judged with it.
  async #closely(page) {
    const { axe, judged } = this.#browser;
    // axe is a script; the page is the same without them.
    const hasScripts = !this.#scriptless.has(page.context());
    const made = `${hasScripts} ${await structure(page)}`;
    const found = [...(await layoutFaults(page)), ...(await untoldProblems(page))];
    if (judged.has(made)) return found;
    judged.add(made);
    return [...found, ...(await namelessFields(page)), ...(hasScripts ? await violations(page, axe) : [])];
  }

  // Judges a page at each size, in light and in dark. Where there is a place for pictures, each size is seen in both and kept.
  async look(page, name) {
    const { closely, pictures } = this.#told;
    const looks = closely ? [PHONE_BY_DAY, DESK_BY_NIGHT] : [PHONE_BY_DAY];
    for (const { viewport, colorScheme } of pictures ? LOOKS : looks) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      await this.check(page);
      if (pictures) {
        writeFileSync(join(pictures, `${name}-${viewport.width}-${colorScheme}.png`), await picture(page));
      }
    }
    await page.setViewportSize(PHONE_BY_DAY.viewport);
    await page.emulateMedia({ colorScheme: PHONE_BY_DAY.colorScheme });
  }

  // What was sent to an address so far, newest first.
  async #messages(address) {
    const answer = await fetch(`${this.#told.control}/messages/${encodeURIComponent(address)}`);
    return answer.json();
  }

  // The codes that were mailed to somebody so far, newest first.
  async codes(login) {
    const messages = await this.#messages(login);
    return messages.map(({ text }) => text.split(/\s+/).find((word) => /^\d{6,10}$/.test(word))).filter(Boolean);
  }

  // The newest code, once so many mails with one have come.
  async code(login, mails = 1) {
    return pollUntil(`mail ${mails} with a code for ${login}`, async () => {
      const codes = await this.codes(login);
      return codes.length >= mails ? codes[0] : undefined;
    });
  }

  // The newest link to a page that was mailed to somebody, once one has come.
  async link(login, path) {
    return pollUntil(`a link to ${path} for ${login}`, async () => {
      const words = (await this.#messages(login)).flatMap(({ text }) => text.split(/\s+/));
      return words.find((word) => word.includes(`${path}?token=`));
    });
  }

  // An administrator does this about somebody's password, in a word of the contract; the one that was generated, if one was.
  async resetPassword({ login }, mode) {
    const act = `${this.#told.control}/password/${encodeURIComponent(login)}/${mode}`;
    const answer = await fetch(act, { method: "POST" });
    assert.equal(answer.status, 200, act);
    return answer.text();
  }

  // Those who have a part of their own, by their names.
  get cast() {
    return this.#told.cast;
  }

  // The newest message to an address that fits, once there is one.
  async message(address, fits) {
    return pollUntil(`a message to ${address}`, async () => (await this.#messages(address)).find(fits));
  }

  // Moves the clock of the suite; what it shows then, in seconds since 1970.
  async advance(seconds) {
    const answer = await fetch(`${this.#told.control}/clock/${seconds}`, { method: "POST" });
    return Number(await answer.text());
  }

  // From now on somebody has the new password.
  changed({ login }) {
    this.#changed.push(login);
  }

  // From now on somebody is asked for more than their password.
  asked({ login }) {
    this.#asked.push(login);
  }

  // From now on somebody's password leads nowhere.
  shutOut({ login }) {
    this.#shutOut.push(login);
  }

  report() {
    isNothing(this.#faults, "after the last page");
    const [pages, heaviest] = [this.#pages, this.#heaviest];
    return { pages, heaviest, changed: this.#changed, asked: this.#asked, shutOut: this.#shutOut };
  }

  // What stands on the pages that are open, for whoever reads of a failure.
  async scene() {
    const pages = this.#browser.program.contexts().flatMap((context) => context.pages());
    const scenes = await Promise.all(pages.map(scene));
    return [...scenes, ...this.#faults].join("\n");
  }

  // Nothing of this journey is there for the next one.
  async clear() {
    await Promise.all(this.#browser.program.contexts().map((context) => context.close()));
  }
}

function isNothing(found, where) {
  assert.ok(found.length === 0, [`${where}:`, ...found].join("\n"));
}

async function scene(page) {
  const unknown = () => "(cannot be read)";
  const title = await page.title().catch(unknown);
  const body = await page.locator("body").innerText({ timeout: 2_000 }).catch(unknown);
  return `--- ${title} at ${new URL(page.url()).pathname}\n${body}\n---`;
}

// What `look` finds, as soon as it finds something.
export async function pollUntil(what, look) {
  for (let waited = 0; waited < TIMEOUT_MS; waited += POLL_INTERVAL_MS) {
    const found = await look();
    if (found !== undefined) return found;
    await pause(POLL_INTERVAL_MS);
  }
  return assert.fail(`not within ${TIMEOUT_MS} ms: ${what}`);
}
