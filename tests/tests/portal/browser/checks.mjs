// What holds of every page. Each check says what it finds wrong, in a list; `weight` and `picture` say how a page is.

// Fields and what is pressed or followed, as a screen reader knows them.
const NAMED = new Set(["textbox", "searchbox", "combobox", "listbox", "spinbutton", "checkbox", "radio", "button", "link"]);

const SESSIONS = new WeakMap();

// What Chromium's tools say of a page, by one session that stays: with the end of one, Chromium takes away the devices that another
// gave the page.
export async function devtools(page) {
  if (!SESSIONS.has(page)) SESSIONS.set(page, await page.context().newCDPSession(page));
  return SESSIONS.get(page);
}

// What axe finds. The size of targets is asked for by WCAG 2.2, which axe leaves out by default.
export async function violations(page, axe) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { rules: { "target-size": { enabled: true } } });
    const place = ({ html, failureSummary }) => `${html}\n${failureSummary}`;
    return violations.map(({ id, help, nodes }) => `axe: ${id}: ${help}\n${nodes.map(place).join("\n")}`);
  });
}

// What differs between pages that are made alike: what is filled in, and where it leads.
const FILLED_IN = ["action", "content", "datetime", "href", "src", "value"];

// What a page is made of, and how it is looked at: its elements with what styles and describes them, and whether there is text in
// each. Two pages of which it is the same differ in words alone.
export function structure(page) {
  return page.evaluate((filledIn) => {
    const isFilledIn = (element, { name }) => element.tagName !== "LINK" && filledIn.includes(name);
    const described = (element) => (attribute) =>
      isFilledIn(element, attribute) ? `${attribute.name}=${attribute.value !== ""}` : `${attribute.name}=${attribute.value}`;
    const holdsText = (node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== "";
    const depth = (element) => (element === null ? 0 : 1 + depth(element.parentElement));
    const part = (element) => {
      const text = [...element.childNodes].some(holdsText);
      return [depth(element), element.tagName, text, ...[...element.attributes].map(described(element))].join(" ");
    };
    const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
    return [`${innerWidth} ${isDark}`, ...[...document.querySelectorAll("*")].map(part)].join("\n");
  }, FILLED_IN);
}

// Fields without a name in the accessibility tree.
export async function namelessFields(page) {
  const browser = await devtools(page);
  const { nodes } = await browser.send("Accessibility.getFullAXTree");
  const fields = nodes.filter(({ ignored, role }) => !ignored && NAMED.has(role?.value));
  const nameless = fields.filter(({ name }) => !name?.value?.trim());
  return nameless.map(({ role }) => `a ${role.value} without a name`);
}

// Pages that are wider than their window, fields that are too low for a thumb, type off the scale, and what moves by itself. Buttons that look like links are
// targets like links, of which axe asks 24 px.
export function layoutFaults(page) {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const wide = scrollWidth > clientWidth ? [`is ${scrollWidth} px wide in a window of ${clientWidth} px`] : [];
    const fields =
      "input:not([type=hidden], [type=radio], [type=checkbox], .hidden), textarea, select, button:not(.plain), .button";
    const isLow = (field) => field.checkVisibility() && field.getBoundingClientRect().height < 44;
    const low = [...document.querySelectorAll(fields)].filter(isLow).map((field) => `is lower than 44 px: ${field.outerHTML}`);
    const holdsText = (node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== "";
    const size = (element) => getComputedStyle(element).fontSize;
    const isOffScale = (element) =>
      [...element.childNodes].some(holdsText) && !["14px", "16px", "20px", "28px"].includes(size(element));
    const texts = [...document.body.querySelectorAll("*")].filter(isOffScale);
    const moving = document.getAnimations().map(({ effect }) => `moves: ${effect.target.outerHTML}`);
    const bars = [...document.querySelectorAll("progress:indeterminate")].map((bar) => `moves: ${bar.outerHTML}`);
    return [...wide, ...low, ...texts.map((text) => `is of ${size(text)}: ${text.outerHTML}`), ...moving, ...bars];
  });
}

// Errors that stand beside a field and are not said of it to who listens to the page.
export function untoldProblems(page) {
  return page.evaluate(() => {
    const isTold = ({ id }) => id !== "" && document.querySelector(`[aria-describedby~="${id}"]`) !== null;
    const untold = [...document.querySelectorAll(".field .problem")].filter((problem) => !isTold(problem));
    return untold.map((problem) => `describes no field: ${problem.outerHTML}`);
  });
}

// The bytes of a page with everything it loaded, from a cache or not. What a script asks for later is a page of its own.
export function weight(page) {
  return page.evaluate(() => {
    const loaded = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
    const parts = loaded.filter(({ initiatorType }) => initiatorType !== "xmlhttprequest");
    return parts.reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0);
  });
}

// The whole page as a PNG. Playwright's own pictures put a style into the page, which its policy refuses.
export async function picture(page) {
  const browser = await devtools(page);
  const { cssContentSize } = await browser.send("Page.getLayoutMetrics");
  const clip = { x: 0, y: 0, width: cssContentSize.width, height: cssContentSize.height, scale: 1 };
  const { data } = await browser.send("Page.captureScreenshot", { format: "png", captureBeyondViewport: true, clip });
  return Buffer.from(data, "base64");
}
