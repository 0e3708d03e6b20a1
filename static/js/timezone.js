/* Chooses the visitor's own time zone in a list that still stands at its default. */

const own = Intl.DateTimeFormat().resolvedOptions().timeZone;

for (const select of document.querySelectorAll("select[data-own-timezone]")) {
  const option = select.querySelector(`option[value="${CSS.escape(own)}"]`);
  if (option && select.value === "UTC") {
    option.selected = true;
  }
}
