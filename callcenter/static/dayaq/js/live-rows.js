// What live frames do to the page. Known rows change in place; new, moved and departed rows wait until nobody is in
// the list, or behind one button. Fields that somebody edits are never overwritten.
import { adopt, busyWriting, fetchPart, keepingFocus, say, speak, swapped, word } from "./util.js";

const QUIET = 10_000; // a list may re-sort when it had neither focus nor pointer for so long
const LIST_EVERY = 2_000, PART_EVERY = 500;
const KEEP = ["aria-selected", "aria-current", "tabindex"]; // the reader's choice, unknown to the row's part
const GONE = [204, 403, 404, 410];

const touched = new WeakMap(); // list -> last focus or pointer movement
const jobs = new WeakMap(); // element -> throttled fetch
const held = new Map(); // list -> {added, changed}

const topicOf = (node) => node.closest("[data-live-topic]")?.dataset.liveTopic;
const ofTopic = (selector, topic) => [...document.querySelectorAll(selector)].filter((node) => topicOf(node) === topic);
const rowsOf = (list) => [...list.querySelectorAll("[data-live-id]")];
const versionOf = (node) => Number(node.dataset.liveVersion || 0);
const isGone = (row) => row.classList.contains("gone");

/** At most one run per `every` ms and element; a call during a run asks for one more. */
function throttled(node, every, run) {
  const job = jobs.get(node) || { last: 0, timer: null, running: false, again: false };
  jobs.set(node, job);
  if (job.timer) return;
  if (job.running) { job.again = true; return; }
  const wait = Math.max(30 + Math.random() * 120, job.last + every - Date.now());
  job.timer = setTimeout(async () => {
    job.timer = null;
    job.running = true;
    try { await run(node); } catch { /* the line is down; the next frame or the reconnect asks again */ }
    job.running = false;
    job.last = Date.now();
    if (job.again && node.isConnected) { job.again = false; throttled(node, every, run); }
  }, wait);
}

// --- frames -----------------------------------------------------------------------------------------------------
export function applyEvent({ topic, id, version, kind }) {
  const ofTime = String(kind).startsWith("clock."); // time changes how a record stands, not its version
  for (const row of ofTopic(`[data-live-id="${CSS.escape(String(id))}"]`, topic)) {
    if (ofTime || versionOf(row) < version) askRow(row);
  }
  for (const list of ofTopic("[data-live-list]", topic)) {
    if (!list.querySelector(`[data-live-id="${CSS.escape(String(id))}"]`)) askList(list);
  }
  for (const part of ofTopic("[data-live-part]", topic)) askPart(part);
}

export function applySnapshot(topic, snapshot) {
  const versions = new Map(snapshot.map((row) => [String(row.id), Number(row.version)]));
  applyModel(topic, versions);
  for (const list of ofTopic("[data-live-list]", topic)) {
    const shown = new Set(rowsOf(list).map((row) => row.dataset.liveId));
    if (shown.size !== versions.size || [...versions.keys()].some((id) => !shown.has(id))) askList(list);
  }
  for (const part of ofTopic("[data-live-part]", topic)) askPart(part);
  count(topic, versions.size);
}

export function applyChecksum(topic, frame) {
  count(topic, frame.rows);
  for (const list of ofTopic("[data-live-list][data-live-complete]", topic)) {
    if (rowsOf(list).filter((row) => !isGone(row)).length !== frame.rows && !held.has(list)) askList(list);
  }
}

/** Rows of the page that are behind what is known of the topic: an answer was lost on its way here. */
export function applyModel(topic, versions) {
  for (const row of ofTopic("[data-live-id]", topic)) {
    const version = versions.get(row.dataset.liveId);
    if (version !== undefined && version > versionOf(row)) askRow(row);
  }
}

export async function resync(topic) {
  for (const list of ofTopic("[data-live-list]", topic)) await syncList(list).catch(() => {});
  for (const part of ofTopic("[data-live-part]", topic)) askPart(part);
  for (const row of ofTopic("[data-live-id][data-live-src]", topic)) {
    if (!row.closest("[data-live-list]")) askRow(row);
  }
}

function count(topic, n) {
  for (const node of document.querySelectorAll(`[data-live-count="${CSS.escape(topic)}"]`)) node.textContent = n;
}

// --- one row, one part -------------------------------------------------------------------------------------------
function askRow(row) {
  const list = row.closest("[data-live-list]");
  if (row.dataset.liveSrc) throttled(row, PART_EVERY, syncNode);
  else if (list) askList(list);
}
const askPart = (part) => throttled(part, PART_EVERY, syncNode);

async function syncNode(node) {
  const { status, root } = await fetchPart(node.dataset.liveSrc);
  if (!root) {
    if (GONE.includes(status) && node.dataset.liveId) leave(node);
    return;
  }
  const same = node.id && root.querySelector(`#${CSS.escape(node.id)}`);
  const byId = node.dataset.liveId && root.querySelector(`[data-live-id="${CSS.escape(node.dataset.liveId)}"]`);
  put(node, same || byId || root.firstElementChild);
}

function put(node, fresh) {
  if (!fresh || !node.isConnected) return;
  if (fresh.dataset.liveVersion && versionOf(fresh) < versionOf(node)) return; // an older answer came later
  if (busyWriting(node)) return sayBehind(node); // waits until the fields are sent or cleared, see beat()
  delete node.dataset.liveBehind;
  adopt(node, fresh, node.closest("[data-live-list]") && node.dataset.liveId ? KEEP : []);
}

/** Something changed, and somebody writes: it says so, and takes nothing away. */
function sayBehind(node) {
  if ("liveBehind" in node.dataset) return;
  node.dataset.liveBehind = "";
  node.classList.add("held-part");
  const note = document.createElement("p");
  note.className = "held-word";
  note.textContent = word("behind");
  const form = [...node.querySelectorAll("form")].find(busyWriting);
  (form || node).prepend(note);
  speak(note.textContent);
}

/** The row is no longer the reader's: it keeps its place and says so. */
function leave(row) {
  if (isGone(row)) return;
  row.classList.add("gone");
  const note = document.createElement("span");
  note.className = "gone-word";
  note.textContent = word("gone");
  (row.tagName === "TR" ? row.lastElementChild : row).append(note);
  const list = row.closest("[data-live-list]");
  if (list) hold(list, { changed: 1 });
}

// --- lists --------------------------------------------------------------------------------------------------------
const askList = (list) => throttled(list, LIST_EVERY, syncList);

async function fetchList(list) {
  const { root } = await fetchPart(list.dataset.liveSrc);
  return root && ((list.id && root.querySelector(`#${CSS.escape(list.id)}`)) || root.querySelector("[data-live-list]"));
}

async function syncList(list) {
  const fresh = await fetchList(list);
  if (!fresh || !list.isConnected) return;
  const wanted = new Map(rowsOf(fresh).map((row) => [row.dataset.liveId, row]));
  const shown = rowsOf(list);
  const ids = new Set(shown.map((row) => row.dataset.liveId));
  const added = [...wanted.keys()].filter((id) => !ids.has(id)).length;
  const left = shown.filter((row) => !wanted.has(row.dataset.liveId));
  const order = (nodes, other) => nodes.map((row) => row.dataset.liveId).filter((id) => other.has(id)).join();
  const moved = order(shown, wanted) !== order([...wanted.values()], ids);
  if (!added && !left.length && !moved) {
    held.delete(list);
    showHeld(list);
  } else if (isQuiet(list)) {
    replaceList(list, fresh);
    if (added) say("held_new", added);
    return;
  } else {
    left.forEach((row) => leave(row));
    held.delete(list);
    hold(list, { added, changed: left.length || (moved && !added ? 1 : 0) });
    if (added) say("held_new", added);
  }
  for (const row of shown) {
    const next = wanted.get(row.dataset.liveId);
    if (next && versionOf(next) > versionOf(row)) put(row, next.cloneNode(true));
  }
}

function replaceList(list, fresh) {
  const anchor = rowsOf(list).find((row) => row.getBoundingClientRect().bottom > list.getBoundingClientRect().top);
  const anchorId = anchor?.dataset.liveId;
  const before = anchor?.getBoundingClientRect().top;
  const place = rowsOf(list).indexOf(document.activeElement?.closest("[data-live-id]"));
  keepingFocus(list, () => {
    const current = new Map(rowsOf(list).map((row) => [row.dataset.liveId, row]));
    for (const row of rowsOf(fresh)) {
      const old = current.get(row.dataset.liveId);
      if (!old) continue;
      if (busyWriting(old) || (versionOf(old) >= versionOf(row) && !isGone(old))) row.replaceWith(old);
      else for (const name of KEEP) if (old.hasAttribute(name)) row.setAttribute(name, old.getAttribute(name));
    }
    for (const name of ["data-live-cursor", "data-live-version", "aria-label"]) {
      if (fresh.hasAttribute(name)) list.setAttribute(name, fresh.getAttribute(name));
    }
    list.replaceChildren(...fresh.childNodes);
  }, () => { // the focused row left: the next one, at the end the heading
    const row = place >= 0 ? rowsOf(list)[place] : null;
    return row && (row.matches("a, button, [tabindex]") ? row : row.querySelector("a, button, [tabindex]"));
  });
  const again = anchorId && list.querySelector(`[data-live-id="${CSS.escape(anchorId)}"]`);
  if (again && list.scrollTop > 0) list.scrollTop += again.getBoundingClientRect().top - before;
  held.delete(list);
  showHeld(list);
  swapped(list);
}

// --- waiting behind one button ------------------------------------------------------------------------------------
function hold(list, { added = 0, changed = 0 }) {
  const sum = held.get(list) || { added: 0, changed: 0 };
  held.set(list, { added: sum.added + added, changed: sum.changed + changed });
  showHeld(list);
}

function showHeld(list) {
  const sum = held.get(list);
  for (const button of document.querySelectorAll(`[data-live-held="${CSS.escape(list.id)}"]`)) {
    if (sum) {
      const what = [sum.added && word("held_new", { n: sum.added }), sum.changed && word("held_changed", { n: sum.changed })];
      button.querySelector("[data-live-held-text]").textContent = word("held", { what: what.filter(Boolean).join(", ") });
    } else if (document.activeElement === button) {
      const first = list.querySelector("[tabindex='0'], a, button");
      (first || list).focus({ preventScroll: true });
    }
    button.hidden = !sum;
  }
}

function isQuiet(list) {
  return !list.contains(document.activeElement) && Date.now() - (touched.get(list) || 0) > QUIET && !busyWriting(list);
}

async function takeHeld(list) {
  const fresh = await fetchList(list);
  if (fresh) replaceList(list, fresh);
}

/** Every two seconds: bring in what waited once the reader has gone or the fields are clean. */
function beat() {
  for (const list of held.keys()) {
    if (!list.isConnected) held.delete(list);
    else if (isQuiet(list)) throttled(list, LIST_EVERY, takeHeld);
  }
  for (const node of document.querySelectorAll("[data-live-behind]")) {
    if (busyWriting(node)) continue;
    node.classList.remove("held-part");
    delete node.dataset.liveBehind;
    node.querySelector(".held-word")?.remove();
    askRow(node);
  }
}

export function start() {
  const touch = (event) => {
    const list = event.target.closest?.("[data-live-list]");
    if (list) touched.set(list, Date.now());
  };
  for (const name of ["pointermove", "pointerdown", "focusin", "focusout", "wheel", "keydown"]) {
    document.addEventListener(name, touch, { passive: true });
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-live-held]");
    const list = button && document.getElementById(button.dataset.liveHeld);
    if (list) takeHeld(list).catch(() => {});
  });
  setInterval(beat, 2000);
}
