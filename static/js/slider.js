/* A slider beside a number: the page follows both. The server reckons, the parts are swapped. */

const WAIT_MS = 120;

const form = document.querySelector("[data-slider]");
const range = form?.querySelector('input[type="range"]');
const number = form?.querySelector('input[type="number"]');
let timer = 0;
let asked = 0;

async function follow() {
  const url = `?${new URLSearchParams(new FormData(form))}`;
  asked += 1;
  const mine = asked;
  const answer = await fetch(url).catch(() => null);
  if (!answer?.ok || mine !== asked) {
    return;
  }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of fresh.querySelectorAll("[data-part]")) {
    document
      .querySelector(`[data-part="${part.dataset.part}"]`)
      ?.replaceChildren(...part.childNodes);
  }
  history.replaceState(null, "", url);
}

if (form) {
  form.dataset.slider = "live";
  range.hidden = false;
  for (const [moved, other] of [[range, number], [number, range]]) {
    moved.addEventListener("input", () => {
      other.value = moved.value;
      clearTimeout(timer);
      timer = setTimeout(follow, WAIT_MS);
    });
  }
}
