// How far a job is, while somebody looks: the part that says it is asked for anew every two seconds. When the job is over, so is this,
// and the whole page is loaded once, for it has something new to offer.
"use strict";

const INTERVAL = 2000;

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
    else if ("over" in fresh.dataset) location.replace(live.dataset.live);
    else live.replaceWith(document.adoptNode(fresh));
  });
  request.addEventListener("loadend", () => setTimeout(follow, INTERVAL));
  request.send();
};
setTimeout(follow, INTERVAL);
