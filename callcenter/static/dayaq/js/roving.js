// Lists and toolbars are one tab stop: arrows (and J, K in lists) move inside, Home and End jump, Enter opens.
const ITEMS = "[data-roving-item], [role=option], [role=radio]";

const shown = (node) => node.checkVisibility ? node.checkVisibility() : node.offsetParent !== null;

function itemsOf(box) {
  let items = [...box.querySelectorAll(ITEMS)];
  if (!items.length) items = [...box.querySelectorAll("a[href], button, summary")];
  return items.filter((node) => shown(node) && !node.disabled);
}

function setStop(box, chosen) {
  for (const item of itemsOf(box)) item.tabIndex = item === chosen ? 0 : -1;
}

function prepare() {
  for (const box of document.querySelectorAll("[data-roving]")) {
    const items = itemsOf(box);
    if (!items.length || items.filter((item) => item.tabIndex === 0).length === 1 && items.some((i) => i.hasAttribute("tabindex"))) continue;
    setStop(box, items.find((i) => i.matches("[aria-selected=true], [aria-checked=true], [aria-current=true], [aria-current=page]")) || items[0]);
  }
}

/** Returns true when the key moved inside a list. */
export function move(event, letters) {
  const box = event.target.closest?.("[data-roving]");
  const list = box || (letters && /^Key[JK]$/.test(event.code) && event.target.closest?.("[data-keys-scope]")?.querySelector("[data-roving]:not([data-roving=x])"));
  if (!list) return false;
  const across = list.dataset.roving === "x";
  const back = across ? event.code === "ArrowLeft" : event.code === "ArrowUp" || (letters && event.code === "KeyK");
  const forth = across ? event.code === "ArrowRight" : event.code === "ArrowDown" || (letters && event.code === "KeyJ");
  const home = box && event.code === "Home", end = box && event.code === "End";
  if (!back && !forth && !home && !end) return false;
  const items = itemsOf(list);
  if (!items.length) return false;
  const current = items.findIndex((item) => item.contains(event.target));
  const start = current >= 0 ? current : items.findIndex((item) => item.tabIndex === 0) - (forth ? 1 : -1);
  const at = home ? 0 : end ? items.length - 1 : Math.max(0, Math.min(items.length - 1, start + (forth ? 1 : -1)));
  setStop(list, items[at]);
  items[at].focus();
  items[at].scrollIntoView({ block: "nearest" });
  if (items[at].getAttribute("role") === "radio") items[at].click(); // choosing follows the focus in a radio group
  return true;
}

export function start() {
  prepare();
  document.addEventListener("dq:swapped", prepare);
  document.addEventListener("htmx:afterSettle", prepare);
  document.addEventListener("focusin", (event) => { // a click or a script moved the focus: the tab stop follows
    const box = event.target.closest?.("[data-roving]");
    const item = box && itemsOf(box).find((one) => one.contains(event.target));
    if (item) setStop(box, item);
  });
  document.addEventListener("keydown", (event) => { // items that are not links or buttons open with Enter and Space
    const item = event.target.closest?.("[data-roving-item], [role=option], [role=radio]");
    if (!item || item !== event.target || item.matches("a, button") || !["Enter", " "].includes(event.key)) return;
    event.preventDefault();
    item.click();
  });
}
