/* Light, dark, or as the device has it. The choice is a cookie: the server writes it into the
   page, so that the first paint is right. */

const root = document.documentElement;
const YEAR_SECONDS = 365 * 24 * 3600;

function choose(theme) {
  const lifetime = theme ? YEAR_SECONDS : 0;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `theme=${theme}; path=/; max-age=${lifetime}; samesite=lax${secure}`;
  if (theme) {
    root.dataset.theme = theme;
  } else {
    delete root.dataset.theme;
  }
}

for (const group of document.querySelectorAll("[data-theme-switch]")) {
  const current = root.dataset.theme ?? "";
  for (const input of group.querySelectorAll("input")) {
    input.checked = input.value === current;
    input.addEventListener("change", () => choose(input.value));
  }
  group.hidden = false;
}
