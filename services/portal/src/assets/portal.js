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

// A code is taken out of whatever was pasted with it.
const code = document.querySelector("input[autocomplete=one-time-code]");
if (code) {
  code.addEventListener("paste", (event) => {
    const found = event.clipboardData.getData("text").match(/\b\d[\d \-]{2,10}\d\b/);
    if (found) {
      event.preventDefault();
      code.value = found[0];
    }
  });
}

// What the rules say of a password while it is typed.
const form = document.querySelector("form[data-evaluate]");
if (form) {
  let waiting;
  form.elements.namedItem("password").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const body = new URLSearchParams(new FormData(form));
      body.set("evaluate", "1");
      body.delete("current");
      // Without an answer, as when the page is being left, nothing is marked.
      const answer = await fetch(form.action, { method: "POST", body }).catch(() => null);
      if (!answer?.ok) return;
      const passed = new Map((await answer.text()).trim().split("\n").map((line) => line.split(" ")));
      for (const rule of document.querySelectorAll("[data-rule]")) {
        const verdict = passed.get(rule.dataset.rule);
        rule.classList.toggle("kept", verdict === "kept");
        rule.classList.toggle("broken", verdict === "broken");
      }
    }, 400);
  });
}

// The summary of what is wrong is read first.
const summary = document.querySelector(".summary a");
if (summary) summary.focus();
