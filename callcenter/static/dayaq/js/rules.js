// The decision table by keyboard: arrows move between cells, Enter edits, Alt+arrows move a rule within its section,
// Esc puts it back. A moved rule is saved only with the reason for it. On a form, Esc restores what was saved.
import { isDirty, speak } from "./util.js";

const FIELDS = { subject: "id_subtopic", place: "id_district", people: "id_categories", further: "further-0-fact" };
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

const table = document.querySelector("[data-rules]");
const bar = document.querySelector("[data-movebar]");
let moving = null; // {row, from}: the rule that stands at a new place, and where it stood in its section

const rowsOf = (box) => [...box.querySelectorAll("tr[data-rule]")];
const cellsOf = (row) => [...row.querySelectorAll("td[tabindex]")];
// The browser goes to the fragment of the address by itself, and takes the focus away: ours comes after that.
const afterLoad = (act) => addEventListener("load", () => setTimeout(act), { once: true });

// --- cells ------------------------------------------------------------------------------------------------------
function go(cell) {
  if (!cell) return;
  for (const other of table.querySelectorAll('td[tabindex="0"]')) other.tabIndex = -1;
  cell.tabIndex = 0;
  cell.focus();
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function step(cell, [down, right]) {
  const rows = rowsOf(table), row = cell.parentNode, cells = cellsOf(row);
  const next = rows[rows.indexOf(row) + down];
  const at = cells.indexOf(cell) + right;
  go(next && cellsOf(next)[Math.max(0, Math.min(cells.length - 1, at))]);
}

function open(cell) {
  const column = cell.dataset.col;
  location.assign(`${cell.parentNode.dataset.href}${column ? `#${FIELDS[column] || `id_${column}`}` : ""}`);
}

// --- moving a rule ------------------------------------------------------------------------------------------------
const placeOf = (row) => rowsOf(row.parentNode).indexOf(row);

function renumber(section) {
  const rows = rowsOf(section), places = rows.map((row) => row.querySelector("[data-place]"));
  const numbers = places.map((place) => Number(place.textContent)).sort((a, b) => a - b);
  places.forEach((place, at) => { place.textContent = numbers[at]; });
}

function put(row, at) {
  const section = row.parentNode, focused = document.activeElement;
  const others = rowsOf(section).filter((other) => other !== row);
  const before = others[at];
  if (before) before.before(row); else others.at(-1)?.after(row);
  renumber(section);
  if (row.contains(focused)) focused.focus();
}

function shift(row, by) {
  if (!bar) return;
  if (moving && moving.row !== row) { bar.elements.why.focus(); return; }
  const from = moving ? moving.from : placeOf(row);
  const at = Math.max(0, Math.min(rowsOf(row.parentNode).length - 1, placeOf(row) + by));
  put(row, at);
  moving = { row, from };
  row.classList.add("moving");
  if (at === from) { settle(); return; }
  bar.action = row.dataset.move;
  bar.elements.by.value = at - from;
  bar.querySelector("[data-moved-rule]").textContent = row.dataset.rule;
  bar.hidden = false;
  speak(row.querySelector("[data-place]").textContent);
}

function settle() {
  moving.row.classList.remove("moving");
  moving = null;
  bar.hidden = true;
  bar.elements.why.value = "";
}

function putBack() {
  if (!moving) return false;
  const { row, from } = moving;
  put(row, from);
  settle();
  go(row.contains(document.activeElement) ? document.activeElement.closest("td") : cellsOf(row)[0]);
  return true;
}

// --- keys of the table ----------------------------------------------------------------------------------------------
function onTableKey(event) {
  const cell = event.target.closest("td[tabindex]");
  if (!cell || cell !== event.target || event.ctrlKey || event.metaKey) return;
  const row = cell.parentNode, cells = cellsOf(row);
  if (event.altKey) {
    if (event.code !== "ArrowUp" && event.code !== "ArrowDown") return;
    shift(row, event.code === "ArrowUp" ? -1 : 1);
  } else if (STEPS[event.code]) step(cell, STEPS[event.code]);
  else if (event.code === "Home") go(cells[0]);
  else if (event.code === "End") go(cells.at(-1));
  else if (event.key === "Enter") { if (moving) bar.elements.why.focus(); else open(cell); } else return;
  event.preventDefault();
  event.stopPropagation();
}

function startTable() {
  const rows = rowsOf(table);
  const named = location.hash.startsWith("#r-") && document.getElementById(location.hash.slice(1));
  if (rows.length) cellsOf(rows[0])[0].tabIndex = 0;
  if (named) afterLoad(() => go(cellsOf(named)[0]));
  table.addEventListener("keydown", onTableKey);
  table.addEventListener("focusin", (event) => {
    const cell = event.target.closest("td[tabindex]");
    if (cell && cell === event.target && cell.tabIndex !== 0) go(cell);
  });
  table.addEventListener("click", (event) => {
    const button = event.target.closest("[data-shift]");
    if (button) shift(button.closest("tr"), Number(button.dataset.shift));
  });
  table.addEventListener("dblclick", (event) => {
    const cell = event.target.closest("td[tabindex]");
    if (cell && !event.target.closest("a, button")) open(cell);
  });
  bar?.querySelector("[data-put-back]").addEventListener("click", putBack);
}

// --- forms ------------------------------------------------------------------------------------------------------------
function restore() {
  const form = document.querySelector("form[data-restores]");
  if (!form) return false;
  const changed = [...form.querySelectorAll("input, select, textarea")].some(isDirty);
  if (!changed && !document.querySelector(".error-summary")) return false;
  location.replace(location.pathname);
  return true;
}

function startForm(form) {
  const asked = document.getElementById(location.hash.slice(1));
  const control = asked?.matches("input, select, textarea, fieldset") ? asked : asked?.querySelector("input, select");
  if (control) afterLoad(() => control.focus());
  form.addEventListener("click", (event) => event.target.closest("[data-drop]")?.closest("[data-cond]").remove());
}

document.addEventListener("keydown", (event) => { // before the page's own Esc, which closes layers and goes back
  if (event.key !== "Escape" || event.isComposing || document.querySelector("dialog[open], details[data-layer][open]")) return;
  if (putBack() || restore()) { event.preventDefault(); event.stopPropagation(); }
}, true);

if (table) startTable();
const form = document.querySelector("form[data-restores]");
if (form) startForm(form);
