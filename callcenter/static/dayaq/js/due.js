// Clocks on the page. The server sends instants, never ticks: every <time data-due> counts in place each 30 seconds,
// and its pill turns when the instant passes. Working time is counted with the open hours in #dq-hours.
import { now, say, workWindows, word } from "./util.js";

const EVERY = 30_000;
const FORWARD = { ontime: 0, soon: 1, late: 2 }; // only these turn by themselves, and only forward
const workday = Number(word("workday")) || 8 * 3600;

/** Working seconds from now to the instant, negative when over; null when the open hours do not reach that far. */
export function workLeft(at, due) {
  const [from, to, sign] = at <= due ? [at, due, 1] : [due, at, -1];
  if (workWindows.length) {
    if (from < workWindows[0][0] || to > workWindows.at(-1)[1]) return null;
    const sum = workWindows.reduce((all, [open, close]) => all + Math.max(0, Math.min(close, to) - Math.max(open, from)), 0);
    return (sign * sum) / 1000;
  }
  // Without hours only a remainder inside one stretch of work can be told honestly.
  return to - from < 4 * 3600_000 ? (sign * (to - from)) / 1000 : null;
}

export function spanWords(seconds) {
  const total = Math.floor(Math.abs(seconds));
  const days = Math.floor(total / workday), rest = total % workday;
  const hours = Math.floor(rest / 3600), minutes = Math.floor((rest % 3600) / 60);
  const hourWords = word("hours", { n: hours });
  if (days) return [word(days === 1 ? "day" : "days", { n: days }), hours && hourWords].filter(Boolean).join(" ");
  if (hours) return `${hourWords} ${word("minutes", { n: String(minutes).padStart(2, "0") })}`;
  return word("minutes", { n: minutes });
}

function turn(time, at) {
  const pill = time.closest("[data-due-scope], [data-live-id], .row-q, .agency")?.querySelector(".state[data-state]");
  const state = pill?.dataset.state;
  if (!(state in FORWARD)) return;
  const due = Date.parse(time.dataset.due), warn = Date.parse(time.dataset.warn || "");
  const next = at >= due ? "late" : at >= warn ? "soon" : "ontime";
  if (FORWARD[next] <= FORWARD[state]) return;
  pill.classList.replace(state, next);
  pill.dataset.state = next;
  pill.querySelector("use")?.setAttribute("href", `${word("sprite")}#i-${word(`icon_${next}`)}`);
  pill.querySelector("span").textContent = word(`state_${next}`);
  if (next === "late") say("said_late");
}

export function tick() {
  const at = now();
  for (const time of document.querySelectorAll("time[data-due]:not([data-paused])")) {
    const left = time.querySelector("[data-left]");
    const seconds = left && workLeft(at, Date.parse(time.dataset.due));
    if (left && seconds !== null) {
      const words = word(at < Date.parse(time.dataset.due) ? "left" : "over", { span: spanWords(seconds) });
      if (left.textContent !== words) left.textContent = words;
    }
    if (left || time.dataset.warn) turn(time, at);
  }
}

export function start() {
  tick();
  setInterval(tick, EVERY);
  document.addEventListener("dq:swapped", tick);
  document.addEventListener("htmx:afterSettle", tick);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });
}
