// Buttons that print or copy recovery codes. Without this script they are printed and copied as any page is.
"use strict";

{
  const codes = [...document.querySelectorAll(".codes code")].map((code) => code.textContent);
  const print = document.querySelector("[data-print]");
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }
  const copy = document.querySelector("[data-copy]");
  const copied = document.querySelector("[data-copied]");
  if (copy && navigator.clipboard) {
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(codes.join("\n"));
      copied.textContent = copied.dataset.copied;
    });
  }
}
