// What makes pages nicer and none of them work: every page does without.
"use strict";

// Times in the clock of whoever reads them.
function localTimes(part) {
  for (const time of part.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.valueOf())) continue;
    const language = document.documentElement.lang;
    time.textContent = "day" in time.dataset
      ? moment.toLocaleString(language, { dateStyle: "medium", timeStyle: "short" })
      : moment.toLocaleTimeString(language);
  }
}
localTimes(document);

// A page that a browser kept whole, as some do behind "back" whatever they are told, is asked for anew: nobody reads what was there
// before somebody left.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.replace(location.pathname + location.search);
});

// The page has something new to say after a while. Whoever is typing is left alone, and so is a page with a script for that.
const main = document.querySelector("main[data-refresh]");
if (main && !document.querySelector("[data-live]")) {
  const again = () => {
    const typed = [...document.querySelectorAll("input:not([type=hidden])")].some((field) => field.value !== "");
    if (typed) setTimeout(again, 2000);
    else location.replace(location.pathname);
  };
  setTimeout(again, Number(main.dataset.refresh) * 1000);
}

// A code is taken out of whatever was pasted with it: the first run of 6 to 10 digits, as the server does.
const code = document.querySelector("input[autocomplete=one-time-code]");
if (code) {
  code.addEventListener("paste", (event) => {
    const runs = event.clipboardData.getData("text").split(/[^\d -]/).map((run) => run.replace(/\D/g, ""));
    const found = runs.find((digits) => digits.length >= 6 && digits.length <= 10);
    if (!found) return;
    event.preventDefault();
    code.value = found;
  });
}

// What the rules say of a password while it is typed.
const form = document.querySelector("form[data-evaluate]");
if (form) {
  const meter = document.querySelector(".strength meter");
  const said = document.querySelector(".strength [role=status]");
  const show = (passed) => {
    const rules = [...document.querySelectorAll("[data-rule]")];
    for (const rule of rules) {
      const verdict = passed.get(rule.dataset.rule);
      rule.classList.toggle("kept", verdict === "kept");
      rule.classList.toggle("broken", verdict === "broken");
    }
    if (!meter) return;
    const verdicts = rules.map((rule) => passed.get(rule.dataset.rule)).filter(Boolean);
    const kept = verdicts.filter((verdict) => verdict === "kept").length;
    meter.hidden = verdicts.length === 0;
    meter.max = Math.max(verdicts.length, 1);
    meter.value = kept;
    said.textContent = meter.hidden ? "" : said.dataset.kept.replace("{kept}", kept).replace("{all}", verdicts.length);
  };
  let waiting;
  let asked = 0;
  form.elements.namedItem("password").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const body = new URLSearchParams(new FormData(form));
      body.set("evaluate", "1");
      body.delete("current");
      const number = ++asked;
      // Without an answer, as when the page is being left, nothing is marked.
      const answer = await fetch(form.action, { method: "POST", body }).catch(() => null);
      if (!answer?.ok) return;
      const lines = (await answer.text()).trim().split("\n");
      // A later keystroke has asked again.
      if (number === asked) show(new Map(lines.map((line) => line.split(" "))));
    }, 400);
  });
}

// The summary of what is wrong is read first.
const summary = document.querySelector(".summary a");
if (summary) summary.focus();
