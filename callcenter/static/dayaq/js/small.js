// Small behaviours of every page: folded menu, look, floating notices, one send per form, copy, focus after load,
// and the sentence that nothing was lost when the server does not answer.
import { root, word } from "./util.js";

const TOAST = 6000;
const keep = (key, value) => { try { localStorage.setItem(key, value); } catch { /* choice lasts for this page */ } };
const kept = (key) => { try { return localStorage.getItem(key); } catch { return null; } };

function showLook() {
  const theme = kept("dq-theme") || "auto", density = kept("dq-density") || "normal";
  for (const b of document.querySelectorAll("[data-set-theme]")) b.setAttribute("aria-pressed", String(b.dataset.setTheme === theme));
  for (const b of document.querySelectorAll("[data-set-density]")) b.setAttribute("aria-pressed", String(b.dataset.setDensity === density));
  for (const box of document.querySelectorAll("[data-set-letters]")) box.checked = kept("dq-letters") !== "off";
}

function wait(note) {
  let timer;
  const go = () => { timer = setTimeout(() => note.remove(), TOAST); };
  for (const name of ["pointerenter", "focusin"]) note.addEventListener(name, () => clearTimeout(timer));
  for (const name of ["pointerleave", "focusout"]) note.addEventListener(name, go);
  if (note.getAttribute("role") !== "alert") go();
}

/** Show a floating notice; it never takes the focus. */
export function toast(kind, title, text) {
  const box = document.getElementById("dq-toasts");
  if (!box) return;
  const note = document.createElement("div");
  note.className = `note ${kind}`;
  note.setAttribute("role", kind === "late" ? "alert" : "status");
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  icon.setAttribute("class", "ic");
  icon.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${word("sprite")}#i-${kind === "late" ? "late" : "ok"}`);
  icon.append(use);
  const inner = document.createElement("div");
  inner.className = "note-in";
  const words = document.createElement("span");
  const strong = document.createElement("b");
  strong.textContent = title;
  words.append(strong, ` ${text}`);
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn btn-quiet btn-sm";
  close.dataset.toastClose = "";
  close.textContent = word("close");
  inner.append(words);
  note.append(icon, inner, close);
  box.append(note);
  wait(note);
}

function failed(event) {
  const xhr = event.detail?.xhr;
  const sent = (event.detail?.requestConfig?.verb || "get") !== "get";
  const code = xhr?.getResponseHeader?.("X-Request-ID");
  const more = word(xhr?.status ? "not_done_more" : "not_sent_more");
  toast("late", sent ? word("not_sent") : "", code ? `${more} ${word("support_code", { code })}` : more);
}

function onClick(event) {
  const target = event.target;
  const theme = target.closest("[data-set-theme]"), density = target.closest("[data-set-density]");
  if (theme) keep("dq-theme", theme.dataset.setTheme);
  if (density) keep("dq-density", density.dataset.setDensity);
  if (theme || density) { dispatchEvent(new Event("dq:look")); showLook(); }
  const menu = target.closest("[data-menu]");
  if (menu) {
    const open = document.getElementById("topmenu").classList.toggle("open");
    menu.setAttribute("aria-expanded", String(open));
  }
  if (target.closest("[data-toast-close]")) target.closest(".note").remove();
  const fill = target.closest("[data-fill]");
  if (fill) {
    for (const [id, value] of new URLSearchParams(fill.dataset.fill)) document.getElementById(id).value = value;
    document.querySelector("form[data-once] .btn-primary")?.focus();
  }
  const copy = target.closest("[data-copy]");
  if (copy) {
    const source = document.querySelector(copy.dataset.copy);
    navigator.clipboard?.writeText(source?.value ?? source?.textContent ?? "");
  }
  for (const open of document.querySelectorAll("details[data-layer][open]")) {
    if (!open.contains(target)) open.open = false;
  }
}

export function start() {
  root.dataset.js = "";
  showLook();
  document.addEventListener("click", onClick);
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-set-letters]")) keep("dq-letters", event.target.checked ? "on" : "off");
  });
  document.querySelectorAll("[data-toast]").forEach(wait);
  document.addEventListener("submit", (event) => { // the second press of a slow form does nothing
    const form = event.target;
    if (form.dataset.once === undefined || event.defaultPrevented) return;
    if (form.dataset.sending !== undefined) { event.preventDefault(); return; }
    form.dataset.sending = "";
    const button = event.submitter;
    if (button?.classList.contains("btn")) {
      button.setAttribute("aria-busy", "true");
      setTimeout(() => form.removeAttribute("data-sending"), 15_000);
    }
  });
  const free = () => document.querySelectorAll("[data-sending]").forEach((f) => {
    f.removeAttribute("data-sending");
    f.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  });
  addEventListener("pageshow", free);
  document.addEventListener("htmx:afterRequest", free);
  document.addEventListener("htmx:responseError", failed);
  document.addEventListener("htmx:sendError", failed);
  document.addEventListener("htmx:timeout", failed);
  const first = () => document.querySelector("[data-focus-once]")?.focus();
  first();
  document.addEventListener("htmx:afterSettle", (event) => event.target.querySelector?.("[data-focus-once]")?.focus());
}
