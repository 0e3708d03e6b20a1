/* Buttons that copy the text of the element they name; without a clipboard they stay hidden. */

const SAID_FOR_MS = 2000;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) {
    return;
  }
  const label = button.querySelector("span");
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  label.textContent = "Copied";
  setTimeout(() => {
    label.textContent = "Copy";
  }, SAID_FOR_MS);
});

if (navigator.clipboard) {
  document.documentElement.dataset.canCopy = "";
}
