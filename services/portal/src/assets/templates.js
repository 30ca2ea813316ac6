// The preview of a message while its text is written: the form is sent as "Preview" sends it, and what comes back is put in its place as
// text. The mail comes into a frame of its own.
"use strict";

const editor = document.querySelector("form[data-previews]");
const button = editor.querySelector("button[formtarget]");
let shown = document.querySelector("iframe[name=preview]");
let coming;
let drawn = 0;
let pause;
let asked = 0;

// Sends the draft into a new frame behind the one that is seen, which goes when the mail is there: nothing blinks, and "back" leads out of
// the page instead of to the draft before.
const draw = () => {
  coming?.remove();
  const next = shown.cloneNode();
  coming = next;
  next.removeAttribute("src");
  next.name = `preview-${++drawn}`;
  next.inert = true;
  shown.before(next);
  // Not before: the empty frame is loaded, too.
  next.addEventListener("load", () => {
    shown.remove();
    next.inert = false;
    shown = next;
    coming = undefined;
  }, { once: true });
  button.formTarget = next.name;
  editor.requestSubmit(button);
};

const preview = async () => {
  const body = new URLSearchParams(new FormData(editor));
  body.set("step", "live");
  const number = ++asked;
  const answer = await fetch(editor.getAttribute("action"), { method: "POST", body });
  if (!answer.ok || answer.redirected) return;
  const parts = await answer.formData();
  // A later keystroke has asked again.
  if (number !== asked) return;
  for (const place of document.querySelectorAll("[data-preview]")) {
    if (parts.has(place.dataset.preview)) place.textContent = parts.get(place.dataset.preview);
  }
  // What does not pass leaves the mail as it is.
  if (parts.get("problem") === "") draw();
};

// A preview that never comes leaves the one before.
const previewAfter = (milliseconds) => {
  clearTimeout(pause);
  pause = setTimeout(() => preview().catch(() => {}), milliseconds);
};

editor.addEventListener("input", () => previewAfter(400));
button.addEventListener("click", (event) => {
  event.preventDefault();
  previewAfter(0);
});
