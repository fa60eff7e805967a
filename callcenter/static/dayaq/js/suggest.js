// A choice may suggest what another field says: <option data-suggest="…" data-suggest-to="<id>">, or a radio button with
// the same. Only an empty field or an earlier suggestion gives way: what somebody has written himself stays.

function suggest({ target }) {
  const chosen = target.matches("select") ? target.selectedOptions[0] : target;
  const id = chosen?.dataset.suggestTo;
  const field = id && document.getElementById(id);
  if (!field) return;
  const known = [...document.querySelectorAll("[data-suggest-to]")].filter((node) => node.dataset.suggestTo === id);
  if (field.value && !known.some((node) => node.dataset.suggest === field.value)) return;
  field.value = chosen.dataset.suggest;
  field.dispatchEvent(new Event("input", { bubbles: true })); // the counter counts it
}

export function start() {
  document.addEventListener("change", suggest);
}
