// Counts what a person calls characters. "ə" typed as two code points, a family emoji or a Windows line end is one.
// Typing is never stopped: past the limit the counter says how many are too many and the form waits with sending.
import { word } from "./util.js";

const NEAR = 100;
const segmenter = "Segmenter" in Intl ? new Intl.Segmenter("az", { granularity: "grapheme" }) : null;

export function graphemes(text) {
  const clean = text.normalize("NFC").replace(/\r\n?/g, "\n");
  if (!segmenter) return Array.from(clean).length;
  let n = 0;
  for (const _ of segmenter.segment(clean)) n += 1; // eslint-disable-line no-unused-vars
  return n;
}

function show(field) {
  const limit = Number(field.dataset.limit);
  const n = graphemes(field.value);
  const over = n > limit;
  const box = document.getElementById(field.dataset.counter || "");
  if (box) {
    box.classList.toggle("near", !over && limit - n <= NEAR);
    box.classList.toggle("full", over);
    box.textContent = over ? word("count_over", { n, limit, over: n - limit }) : word("count", { n, limit, left: limit - n });
  }
  // The browser's own check then keeps the form from being sent and leads to the field.
  field.setCustomValidity(over ? word("count_over", { n, limit, over: n - limit }) : "");
  field.toggleAttribute("data-over", over);
}

const all = () => document.querySelectorAll("[data-limit]").forEach(show);

export function start() {
  all();
  document.addEventListener("input", (event) => { if (event.target.matches?.("[data-limit]")) show(event.target); });
  document.addEventListener("dq:swapped", all);
  document.addEventListener("htmx:afterSettle", all);
  document.addEventListener("submit", (event) => { // forms with novalidate wait as well
    const field = event.target.querySelector?.("[data-over]");
    if (!field) return;
    event.preventDefault();
    event.stopPropagation(); // htmx listens on the form itself
    field.focus();
    field.reportValidity(); // says in words what the number says
  }, true);
}
