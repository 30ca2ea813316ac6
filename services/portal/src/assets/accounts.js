// Pages of accounts: results that follow what is typed, a whole page selected at once, and what is shown once copied or printed. Every
// page does without.
"use strict";
{
  // A page as a document: nothing in it runs.
  const load = (path, then) => {
    const request = new XMLHttpRequest();
    request.open("GET", path);
    request.responseType = "document";
    request.addEventListener("load", () => {
      if (request.status !== 200 && request.status !== 422) return;
      if (request.response?.getElementById("results")) then(request.response);
      // The session has ended: this leads to the form that signs in.
      else location.assign(path);
    });
    request.send();
    return request;
  };

  const search = document.querySelector("form[data-live]");
  if (search) {
    let waiting;
    let loading;
    const look = () => {
      const asked = new URLSearchParams();
      for (const [name, value] of new FormData(search)) if (value !== "") asked.append(name, value);
      const path = asked.size === 0 ? search.action : `${search.action}?${asked}`;
      if (loading) loading.abort();
      loading = load(path, (page) => {
        const found = document.importNode(page.getElementById("results"), true);
        document.getElementById("results").replaceWith(found);
        // What is wrong with a search is said in place of how much was found.
        const said = page.querySelector(".summary li") ?? page.getElementById("count");
        document.getElementById("count").textContent = said.textContent;
        // The links to other languages ask for the same.
        document.querySelector(".languages").replaceWith(document.importNode(page.querySelector(".languages"), true));
        history.replaceState(null, "", path);
        localTimes(found);
        offerSelection();
      });
    };
    search.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(look, 300);
    });
  }

  // All of a page are selected, or none.
  const offerSelection = () => {
    const button = document.querySelector("button[data-select]");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      const boxes = [...document.querySelectorAll("input[name=account]")];
      const all = boxes.every((box) => box.checked);
      for (const box of boxes) box.checked = !all;
    });
  };
  offerSelection();

  // A table is copied as lines of cells with tabs between them.
  const textOf = (part) => {
    const rows = [...part.querySelectorAll("tbody tr")];
    if (rows.length === 0) return part.textContent;
    return rows.map((row) => [...row.cells].map((cell) => cell.textContent.trim()).join("\t")).join("\n");
  };
  for (const button of document.querySelectorAll("button[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(textOf(document.getElementById(button.dataset.copy)));
      button.textContent = button.dataset.done;
    });
  }
  for (const button of document.querySelectorAll("button[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
}
