/* Keeps the parts of a page fresh while somebody looks at it.

   Each [data-part] takes the content of its namesake in what the server sends. Nothing is
   fetched while the tab is hidden. Whoever is no longer signed in is told, and left alone. */

const FAILURES_MAX = 6;
const SECONDS_MAX = 120;

const region = document.querySelector("[data-live-url]");
let timer = 0;
let failures = 0;

function schedule() {
  clearTimeout(timer);
  const seconds = Number(region.dataset.liveSeconds) * 2 ** failures;
  timer = setTimeout(refresh, Math.min(seconds, SECONDS_MAX) * 1000);
}

function rest() {
  clearTimeout(timer);
  document.removeEventListener("visibilitychange", onVisibility);
  region.dataset.live = "off";
}

function stop() {
  rest();
  const taken = region.querySelector('[data-part="taken"]');
  if (taken) {
    taken.textContent += ". No longer updated: reload the page.";
  }
}

function show(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  for (const part of fresh.querySelectorAll("[data-part]")) {
    const shown = region.querySelector(`[data-part="${part.dataset.part}"]`);
    const isUsed = shown?.contains(document.activeElement) && document.hasFocus();
    if (shown && !isUsed && shown.dataset.shown !== part.innerHTML) {
      shown.dataset.shown = part.innerHTML;
      const open = Array.from(shown.querySelectorAll("details"), (one) => one.open);
      shown.replaceChildren(...part.childNodes);
      // What somebody unfolded stays so.
      shown.querySelectorAll("details").forEach((one, place) => {
        one.open = open[place] ?? one.open;
      });
    }
  }
}

async function refresh() {
  let answer;
  try {
    answer = await fetch(region.dataset.liveUrl, { redirect: "manual" });
  } catch {
    answer = null;
  }
  if (answer?.ok) {
    failures = 0;
    const html = await answer.text();
    show(html);
    // What was waited for has come: nothing will change any more.
    html.includes("data-live-end") ? rest() : schedule();
  } else if (!answer || answer.status >= 500) {
    failures += 1;
    failures > FAILURES_MAX ? stop() : schedule();
  } else {
    stop();
  }
}

function onVisibility() {
  if (document.hidden) {
    clearTimeout(timer);
  } else {
    refresh();
  }
}

if (region) {
  region.dataset.live = "on";
  document.addEventListener("visibilitychange", onVisibility);
  if (!document.hidden) {
    schedule();
  }
}
