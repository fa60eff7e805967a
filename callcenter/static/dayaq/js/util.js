// Shared by all modules: words of the page's language, the server's clock, what is said aloud, safe swapping.

const read = (id) => {
  const node = document.getElementById(id);
  return node ? JSON.parse(node.textContent) : null;
};

export const root = document.documentElement;
export const language = root.lang.slice(0, 2);
const words = read("dq-words") || {};
export const workWindows = (read("dq-hours") || []).map(([from, to]) => [Date.parse(from), Date.parse(to)]);

export function word(key, values = {}) {
  return (words[key] ?? key).replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");
}

export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]')?.content || "";
}

// A desk computer's clock may be minutes off; due times are the server's. A page from the browser's cache carries an
// old instant, so it says nothing about the clock.
const skew = (() => {
  const nav = performance.getEntriesByType("navigation")[0];
  if (!root.dataset.now || !nav || nav.transferSize === 0 || nav.type === "back_forward") return 0;
  const difference = Date.parse(root.dataset.now) - (performance.timeOrigin + nav.responseStart);
  return Math.abs(difference) < 5000 ? 0 : difference;
})();
export const now = () => Date.now() + skew;

const clockFormat = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit", minute: "2-digit", hour12: false, timeZone: root.dataset.tz || undefined,
});
export const clock = (ms) => clockFormat.format(new Date(ms));

// "11:42-dən", "11:40-dan": the Azerbaijani ending follows the vowel of the last number word.
const BACK_ONES = { 0: "dan", 6: "dan", 9: "dan" };
const BACK_TENS = { 10: "dan", 30: "dan", 40: "dan" };
export function since(ms) {
  const text = clock(ms);
  if (language !== "az") return text;
  const [hour, minute] = text.split(":").map(Number);
  const last = minute || hour;
  const ending = last % 10 === 0 && last !== 0 ? BACK_TENS[last] : BACK_ONES[last % 10];
  return `${text}-${ending || "dən"}`;
}

// --- said aloud: one polite region, batched, so that a screen reader is not flooded; crisis alone interrupts --------
const bag = new Map();
let timer = null;
function flush() {
  timer = null;
  const parts = [...bag].map(([key, n]) => word(key, { n }));
  bag.clear();
  if (parts.length) speak(parts.join(", "));
}
export function say(key, n = 1) {
  bag.set(key, (bag.get(key) || 0) + n);
  timer ??= setTimeout(flush, 10_000);
}
export function speak(text) {
  const region = document.getElementById("dq-said");
  if (!region) return;
  region.textContent = "";
  setTimeout(() => { region.textContent = text; }, 50);
}
export function alarm(text) {
  const region = document.getElementById("dq-alert");
  if (region) region.textContent = text;
}

// --- edited fields ---------------------------------------------------------------------------------------------
const TEXT = "textarea, select, [contenteditable=''], [contenteditable='true'], " +
  "input:not([type=checkbox], [type=radio], [type=button], [type=submit], [type=reset], [type=range], [type=hidden])";
export const inText = (node) => Boolean(node?.closest?.(TEXT));

export function isDirty(control) {
  if (control.type === "hidden" || control.disabled) return false;
  if (control.type === "checkbox" || control.type === "radio") return control.checked !== control.defaultChecked;
  if (control.tagName === "SELECT") {
    const options = [...control.options];
    if (!control.multiple && !options.some((option) => option.defaultSelected)) return control.selectedIndex > 0;
    return options.some((option) => option.selected !== option.defaultSelected);
  }
  if (control.type === "file") return control.files.length > 0;
  return control.value !== control.defaultValue;
}
/** Somebody is writing here: nothing may be put over it. */
export function busyWriting(scope) {
  const active = document.activeElement;
  if (active && scope.contains(active) && inText(active)) return true;
  return [...scope.querySelectorAll("input, textarea, select")].some(isDirty);
}

// --- swapping --------------------------------------------------------------------------------------------------
/** Run a change of `scope` and give the focus back: same node, same id, then the heading; never to the body. */
export function keepingFocus(scope, change, fallback = () => null) {
  const active = document.activeElement;
  const inside = active && active !== document.body && scope.contains(active);
  const id = inside ? active.id : "";
  change();
  if (!inside || document.activeElement === active && active.isConnected) return;
  const home = scope.querySelector("[data-focus-home], h1, h2, h3") ||
    document.getElementById(scope.getAttribute("aria-labelledby") || "");
  const target = (active.isConnected && active) || (id && document.getElementById(id)) || fallback() || home;
  if (!target) return;
  if (!target.matches("a, button, input, select, textarea, [tabindex]")) target.tabIndex = -1;
  target.focus({ preventScroll: true });
}

/** Make `old` what `fresh` is, in place, keeping the node itself and the attributes in `keep`. */
export function adopt(old, fresh, keep = []) {
  keepingFocus(old, () => {
    const open = [...old.querySelectorAll("details[open][id]")].map((node) => node.id);
    for (const { name } of [...old.attributes]) {
      if (!keep.includes(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
    }
    for (const { name, value } of [...fresh.attributes]) {
      if (!keep.includes(name) || !old.hasAttribute(name)) old.setAttribute(name, value);
    }
    old.replaceChildren(...fresh.childNodes);
    for (const id of open) old.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  });
  swapped(old);
}
export function swapped(node) {
  window.htmx?.process(node);
  node.dispatchEvent(new CustomEvent("dq:swapped", { bubbles: true }));
}

/** Fetch a part. Returns {status, root}; a redirect means that the session ended, and counts as a failure. */
export async function fetchPart(url) {
  const answer = await fetch(url, { headers: { "HX-Request": "true" }, credentials: "same-origin", cache: "no-store" });
  if (answer.redirected) throw new Error("session ended");
  if (!answer.ok || answer.status === 204) return { status: answer.status, root: null };
  const holder = document.createElement("template"); // a template keeps <tr> and runs no script
  holder.innerHTML = await answer.text();
  return { status: 200, root: holder.content };
}
