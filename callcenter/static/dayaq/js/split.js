// List and item side by side. Opening a row changes only the item, so the list keeps its place, its focus and what it
// holds back; on a phone the two are views of one page. Without this script every row is a plain link.
import { toast } from "./small.js";

const split = () => document.querySelector(".split");
let listTop = 0; // where the list of a phone was left

function choose(row) {
  for (const other of document.querySelectorAll(".row-q[aria-current]")) other.removeAttribute("aria-current");
  row.setAttribute("aria-current", "true");
}

function opened(event) {
  const row = event.detail.elt;
  if (!event.detail.successful || !row.matches?.(".row-q")) return;
  choose(row);
  if (split().dataset.view === "list") listTop = scrollY;
  split().dataset.view = "item";
  const main = document.getElementById("main");
  main.querySelector(".rbody")?.scrollTo(0, 0);
  if (!row.checkVisibility()) { // a phone: the row is behind, so the focus goes with the reader
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
}

function back(event) {
  const link = event.target.closest("[data-split-back]");
  if (!link || !split() || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  split().dataset.view = "list";
  history.replaceState(null, "", link.href);
  scrollTo(0, listTop);
  (document.querySelector(".row-q[aria-current]") || document.getElementById("q-h"))?.focus({ preventScroll: true });
}

document.addEventListener("htmx:afterRequest", opened);
document.addEventListener("click", back);
// What a verb did, said where nothing is covered; the words come with the answer.
document.addEventListener("dq:toast", ({ detail }) => toast(detail.kind, detail.title, detail.text));
