// Keys of the page, by physical key, so that they work under Azerbaijani, Russian and English layouts. Every key has a
// visible button or link with data-key; pressing the key is pressing it.
import { inText, speak, word } from "./util.js";
import * as roving from "./roving.js";

const NAMED = { ".": "Period", ",": "Comma", "/": "Slash", "-": "Minus", Esc: "Escape", "↑": "ArrowUp", "↓": "ArrowDown" };

function codeOf(name) {
  if (NAMED[name]) return NAMED[name];
  if (/^[a-z]$/i.test(name)) return `Key${name.toUpperCase()}`;
  if (/^\d$/.test(name)) return `Digit${name}`;
  return name; // F8, Enter, ArrowUp
}

/** "Alt+K F2" -> [{alt: true, code: "KeyK"}, {code: "F2"}] */
export function parse(text) {
  return text.trim().split(/\s+/).map((combo) => {
    const parts = combo.split("+");
    const name = parts.pop() || "+";
    const has = (mod) => parts.some((part) => part.toLowerCase() === mod);
    return { code: codeOf(name), ctrl: has("ctrl"), alt: has("alt"), shift: has("shift"), single: !parts.length && name.length === 1, text: combo };
  });
}

function matches(combo, event) {
  const code = event.code.replace(/^Numpad(\d)$/, "Digit$1").replace("NumpadEnter", "Enter");
  return combo.code === code && combo.ctrl === (event.ctrlKey || event.metaKey) && combo.alt === event.altKey &&
    (combo.shift === event.shiftKey || /^(Period|Slash|Comma)$/.test(combo.code));
}

const visible = (node) => node.checkVisibility ? node.checkVisibility({ visibilityProperty: true }) : node.offsetParent !== null;
const lettersOn = () => { try { return localStorage.getItem("dq-letters") !== "off"; } catch { return true; } };
const topDialog = () => [...document.querySelectorAll("dialog[open]")].at(-1);

function find(event) {
  const active = document.activeElement;
  const layer = topDialog() || document;
  const scope = active?.closest?.("[data-keys-scope]");
  const hits = [...layer.querySelectorAll("[data-key]")].filter((node) => {
    const combo = parse(node.dataset.key).find((one) => matches(one, event));
    if (!combo || !visible(node)) return false;
    // WCAG 2.1.4: a single character acts only in its own list or toolbar, never in text, and can be switched off.
    return !combo.single || (scope && !inText(active) && lettersOn());
  });
  // The same letter in several places means the nearest one: the row's own buttons before the toolbar's.
  return hits.find((node) => active?.closest("[data-live-id], [role=toolbar]")?.contains(node)) ||
    hits.find((node) => scope?.contains(node)) || hits[0];
}

function press(node) {
  if (node.disabled || node.getAttribute("aria-disabled") === "true") {
    const why = (node.getAttribute("aria-describedby") || "").split(" ").map((id) => document.getElementById(id)?.textContent).join(" ");
    speak(`${label(node)}: ${why.trim() || node.title}`);
    return;
  }
  if (inText(node) || node.matches("input, select, textarea")) { node.focus(); node.select?.(); return; }
  node.click(); // the focus stays where it is: the chosen row keeps it after an action
}

function label(node) {
  if (node.dataset.keyLabel) return node.dataset.keyLabel;
  if (node.getAttribute("aria-label")) return node.getAttribute("aria-label");
  const copy = node.cloneNode(true);
  copy.querySelectorAll("kbd, .count").forEach((part) => part.remove());
  return copy.textContent.trim().replace(/\s+/g, " ") || node.title;
}

// --- help -------------------------------------------------------------------------------------------------------
function openDialog(dialog) {
  if (!dialog || dialog.open) return;
  const opener = document.activeElement;
  dialog.showModal();
  dialog.addEventListener("close", () => opener?.isConnected && opener.focus(), { once: true });
}

function help() {
  const dialog = document.getElementById("dq-keys");
  const list = dialog?.querySelector("[data-keys-list]");
  if (!list || topDialog()) return;
  list.replaceChildren();
  for (const node of document.querySelectorAll("[data-key]")) {
    if (!visible(node)) continue;
    const term = document.createElement("dt"), words = document.createElement("dd");
    for (const combo of parse(node.dataset.key)) {
      const key = document.createElement("kbd");
      key.textContent = combo.single ? combo.text.toUpperCase() : combo.text;
      term.append(key, " ");
    }
    words.textContent = label(node);
    list.append(term, words);
  }
  if (!list.children.length) {
    const words = document.createElement("dd");
    words.className = "span-all meta";
    words.textContent = word("keys_none");
    list.append(words);
  }
  openDialog(dialog);
}

// --- layers and columns -------------------------------------------------------------------------------------------
function closeTop() {
  const details = [...document.querySelectorAll("details[data-layer][open]")].at(-1);
  if (details) {
    details.open = false;
    details.querySelector("summary").focus();
    return true;
  }
  const menu = document.querySelector("[data-menu][aria-expanded=true]");
  if (menu) { menu.click(); menu.focus(); return true; }
  const close = [...document.querySelectorAll("[data-esc]")].filter(visible).at(-1);
  if (close) { close.click(); return true; }
  return false;
}

function nextColumn() {
  const columns = [...document.querySelectorAll("[data-column]")].filter(visible);
  if (!columns.length) return false;
  const active = document.activeElement;
  const holder = (node) => node.closest("aside, main, section.qlist, [data-column-area]") || node;
  const at = columns.findIndex((node) => holder(node).contains(active));
  const next = columns[(at + 1) % columns.length];
  if (!next.matches("a, button, input, [tabindex]")) next.tabIndex = -1;
  next.focus();
  return true;
}

function onKey(event) {
  if (event.isComposing || event.repeat && !event.code.startsWith("Arrow") && !/^Key[JK]$/.test(event.code)) return;
  const text = inText(event.target);
  if (event.key === "Escape") { if (!topDialog() && closeTop()) event.preventDefault(); return; }
  if (event.code === "F10" && !event.shiftKey && nextColumn()) { event.preventDefault(); return; }
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (plain && !text && event.key === "?") { event.preventDefault(); help(); return; }
  if (plain && !text && !event.shiftKey && (event.key === "/" || event.code === "Slash")) {
    const search = [...document.querySelectorAll("[data-search]")].find(visible);
    if (search) { event.preventDefault(); search.focus(); search.select?.(); return; }
  }
  const node = find(event);
  if (node) { event.preventDefault(); press(node); return; }
  if (plain && !text && roving.move(event, lettersOn())) event.preventDefault();
}

export function start() {
  roving.start();
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    const node = event.target.closest("[data-open-keys], [data-open-dialog], [data-key]");
    if (!node) return;
    if (node.matches("[data-open-keys]")) {
      const menu = node.closest("details[open]");
      if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
      help();
    } else if (node.dataset.openDialog) openDialog(document.getElementById(node.dataset.openDialog));
  });
  // A verb that is not allowed stays visible; pressing it tells the reason and does nothing.
  document.addEventListener("click", (event) => {
    const node = event.target.closest("[aria-disabled=true]");
    if (node) { event.preventDefault(); event.stopImmediatePropagation(); press(node); }
  }, true);
}
