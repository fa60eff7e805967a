// Unfinished text survives a closed browser. A form[data-draft="key"] is written to this browser at most 3 s behind the
// typing, to data-draft-url as well when there is one, and is offered back after a reload. Erased once it was sent.
import { clock, csrfToken, root, word } from "./util.js";

const PREFIX = "dq-draft:", WAIT = 700, AT_MOST = 2500, HOURS = 24;
const owner = root.dataset.actor || "-"; // a shared computer: nobody is offered another person's text
const timers = new WeakMap();

const nameOf = (form) => `${PREFIX}${owner}:${form.dataset.draft}`;
const load = (name) => { try { return JSON.parse(localStorage.getItem(name)); } catch { return null; } };
const erase = (name) => { try { localStorage.removeItem(name); } catch { /* storage is closed: nothing was kept */ } };
const store = (name, value) => {
  try { localStorage.setItem(name, JSON.stringify(value)); return true; } catch { return false; }
};

function controls(form) {
  return [...form.elements].filter((c) => c.name && !c.closest("[data-draft-skip]") &&
    !["hidden", "password", "file", "submit", "button", "fieldset"].includes(c.type));
}
function values(form) {
  return controls(form).map((c) => [c.name, c.type === "checkbox" || c.type === "radio" ? [c.value, c.checked]
    : c.type === "select-multiple" ? [...c.selectedOptions].map((o) => o.value) : c.value]);
}
function fill(form, saved) {
  const rest = [...saved];
  for (const control of controls(form)) {
    const choice = control.type === "checkbox" || control.type === "radio";
    const at = rest.findIndex(([name, value]) => name === control.name && (!choice || value[0] === control.value));
    if (at < 0) continue;
    const [, value] = rest.splice(at, 1)[0];
    if (choice) control.checked = value[1];
    else if (control.type === "select-multiple") for (const option of control.options) option.selected = value.includes(option.value);
    else control.value = value;
    control.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function mark(form, state, at = Date.now()) {
  const node = form.querySelector("[data-draft-mark]") || document.querySelector(`[data-draft-mark="${CSS.escape(form.dataset.draft)}"]`);
  if (!node) return;
  node.hidden = false;
  node.classList.toggle("saving", state === "saving");
  node.classList.toggle("only-here", state === "local");
  node.querySelector("span:last-child").textContent = word(`draft_${state}`, { time: clock(at) });
}

async function save(form) {
  clear(form);
  if (!form.isConnected || form.dataset.draftSent !== undefined) return;
  const kept = store(nameOf(form), { at: Date.now(), values: values(form), page: location.pathname });
  if (!form.dataset.draftUrl) { mark(form, kept ? "local" : "saving"); return; }
  try {
    const answer = await fetch(form.dataset.draftUrl, {
      method: "POST", body: new FormData(form), credentials: "same-origin", keepalive: true,
      headers: { "X-CSRFToken": csrfToken(), "HX-Request": "true" },
    });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    store(nameOf(form), { ...load(nameOf(form)), acknowledged: true });
    mark(form, "saved");
  } catch {
    mark(form, "local");
    plan(form, 10_000); // the server will come back; the text is safe here meanwhile
  }
}

function clear(form) {
  const planned = timers.get(form);
  if (planned) clearTimeout(planned.timer);
  timers.delete(form);
}
function plan(form, wait = null) {
  const planned = timers.get(form) || { since: Date.now(), timer: null };
  clearTimeout(planned.timer);
  const left = planned.since + AT_MOST - Date.now(); // steady typing may put a save off, but not for longer
  planned.timer = setTimeout(() => save(form), wait ?? Math.max(0, Math.min(WAIT, left)));
  timers.set(form, planned);
}

function offer(form) {
  if (form.dataset.draftReady !== undefined) return;
  form.dataset.draftReady = "";
  const saved = load(nameOf(form));
  const hours = Number(form.dataset.draftHours || HOURS);
  if (!saved || Date.now() - saved.at > hours * 3600_000) { erase(nameOf(form)); return; }
  if (JSON.stringify(saved.values) === JSON.stringify(values(form))) return;
  const box = form.querySelector("[data-draft-offer]");
  if (form.dataset.draftRestore === "auto" || !box) { fill(form, saved.values); mark(form, "local", saved.at); return; }
  box.hidden = false;
  box.querySelector("[data-draft-found]").textContent = word("draft_found", { time: clock(saved.at) });
  const close = () => {
    box.hidden = true;
    controls(form)[0]?.focus();
  };
  box.querySelector("[data-draft-take]").onclick = () => { fill(form, saved.values); close(); };
  box.querySelector("[data-draft-drop]").onclick = () => { erase(nameOf(form)); close(); };
}

/** Sent for good? The next page says so by data-draft-done, or it is another page that came back well. */
function settle() {
  for (const node of document.querySelectorAll("[data-draft-done]")) erase(`${PREFIX}${owner}:${node.dataset.draftDone}`);
  let sent = null;
  try { sent = JSON.parse(sessionStorage.getItem("dq-sent")); sessionStorage.removeItem("dq-sent"); } catch { /* none */ }
  if (!sent) return;
  const status = performance.getEntriesByType("navigation")[0]?.responseStatus ?? 200;
  const returned = document.querySelector(`form[data-draft="${CSS.escape(sent.key)}"]`);
  if (status < 400 && !returned && Date.now() - sent.at < 60_000) erase(`${PREFIX}${owner}:${sent.key}`);
}

/** Signing out of a shared computer takes along what the server already holds; unacknowledged text stays. */
function leaveComputer() {
  for (const name of Object.keys(localStorage)) {
    if (name.startsWith(`${PREFIX}${owner}:`) && load(name)?.acknowledged) erase(name);
  }
}

function prune() { // texts past their time, whoever wrote them, leave the computer
  for (const name of Object.keys(localStorage)) {
    if (name.startsWith(PREFIX) && Date.now() - (load(name)?.at || 0) > HOURS * 3600_000) erase(name);
  }
}

export function start() {
  try { prune(); } catch { return; } // no storage at all: the page works, only without drafts
  settle();
  const offerAll = () => document.querySelectorAll("form[data-draft]").forEach(offer);
  offerAll();
  const changed = (event) => {
    const form = event.target.form;
    if (form?.dataset.draft === undefined || !controls(form).includes(event.target)) return;
    mark(form, "saving");
    plan(form);
  };
  document.addEventListener("input", changed);
  document.addEventListener("change", changed);
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.signout !== undefined) leaveComputer();
    if (form.dataset.draft === undefined || event.defaultPrevented) return;
    save(form);
    if (!form.hasAttribute("hx-post")) sessionStorage.setItem("dq-sent", JSON.stringify({ key: form.dataset.draft, at: Date.now() }));
  });
  document.addEventListener("dq:draft-done", (event) => erase(`${PREFIX}${owner}:${event.detail?.key}`));
  document.addEventListener("dq:swapped", offerAll);
  document.addEventListener("htmx:afterSettle", () => { settle(); offerAll(); });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-draft-erase]");
    const form = button?.closest("form[data-draft]");
    if (form) { clear(form); erase(nameOf(form)); form.reset(); controls(form)[0]?.focus(); }
  });
  addEventListener("pagehide", () => document.querySelectorAll("form[data-draft]").forEach((f) => { if (timers.has(f)) save(f); }));
}
