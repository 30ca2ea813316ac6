// How far a job is, while somebody looks: the part that says it is asked for anew every two seconds. When the job is over, so is this,
// and the whole page is loaded once, for it has something new to offer. Who does not see the bar is told of each quarter, and of the end.
"use strict";

const INTERVAL = 2000;

// A reader takes in a page before it heeds what changes on it.
const READ_FIRST = 1000;

// The job whose end this tab has seen, until its page is loaded.
const ENDED = "rekey-bulk-ended";

// What stands on a page when it is loaded is not news.
let told = document.querySelector("[data-live]")?.dataset.said;

const tell = (text) => {
  if (text === told) return;
  told = text;
  document.getElementById("said").textContent = text;
};

const follow = () => {
  const live = document.querySelector("[data-live]:not([data-over])");
  if (!live) return;
  if (document.hidden) {
    setTimeout(follow, INTERVAL);
    return;
  }
  // A request and not fetch: it gives a document, and needs no markup to be parsed by hand.
  const request = new XMLHttpRequest();
  request.open("GET", `${live.dataset.live}?only=progress`);
  request.responseType = "document";
  request.timeout = 10000;
  request.addEventListener("load", () => {
    // Something is away: it is asked again.
    if (request.status !== 200) return;
    const fresh = request.response?.querySelector("[data-live]");
    // Without it the answer is the form that signs in, which leads back to this address.
    if (!fresh) location.reload();
    else if ("over" in fresh.dataset) {
      sessionStorage.setItem(ENDED, live.dataset.live);
      location.replace(live.dataset.live);
    } else {
      live.replaceWith(document.adoptNode(fresh));
      tell(fresh.dataset.said);
    }
  });
  request.addEventListener("loadend", () => setTimeout(follow, INTERVAL));
  request.send();
};
setTimeout(follow, INTERVAL);

const over = document.querySelector("[data-live][data-over]");
if (over && sessionStorage.getItem(ENDED) === over.dataset.live) {
  sessionStorage.removeItem(ENDED);
  told = "";
  setTimeout(() => tell(over.dataset.said), READ_FIRST);
}
