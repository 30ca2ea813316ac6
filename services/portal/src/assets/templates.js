// The preview of a message while its text is written: the form is sent as "Preview" sends it, and what comes back is put in its place as text.
"use strict";

const editor = document.querySelector("form[data-previews]");
let pause;
let asked = 0;

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
};

editor.addEventListener("input", () => {
  clearTimeout(pause);
  // A preview that never comes leaves the one before.
  pause = setTimeout(() => preview().catch(() => {}), 400);
});
