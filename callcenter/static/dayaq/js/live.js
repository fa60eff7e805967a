// One WebSocket per page: subscribes the topics found on the page, keeps cursors, reconnects, falls back to polling,
// and says how fresh the page is. What frames do to the page is in live-rows.js.
import { alarm, clock, since, word } from "./util.js";
import * as rows from "./live-rows.js";

const FIRST_DELAY = 300, LAST_DELAY = 10_000;
const POLL_EVERY = 10_000, POLL_AFTER_FAILURES = 3;
const STALE_AFTER = 3_000; // a short break is not worth a word
const SILENCE = 150_000; // the server sends a checksum at least every minute; longer silence is a dead line

const topics = new Map(); // topic -> cursor or null
let socket = null, failures = 0, lastNews = Date.now(), lostAt = null;
let retryTimer = null, pollTimer = null, stopped = false;

function collect() {
  for (const node of document.querySelectorAll("[data-live-topic], [data-live-count]")) {
    const topic = node.dataset.liveTopic || node.dataset.liveCount;
    const cursor = node.dataset.liveCursor || null;
    if (!topics.has(topic)) {
      topics.set(topic, cursor);
      if (socket?.readyState === WebSocket.OPEN) subscribe(topic);
    } else if (!topics.get(topic) && cursor) {
      topics.set(topic, cursor);
    }
  }
}

function subscribe(topic) {
  socket.send(JSON.stringify({ op: "subscribe", topic, cursor: topics.get(topic) }));
}

// --- the mark -----------------------------------------------------------------------------------------------------
function mark(state) {
  const text = state === "live" ? word("live") : state === "catching" ? word("catching")
    : word("stale", { since: since(lastNews) });
  for (const node of document.querySelectorAll("[data-live-mark]")) {
    node.hidden = false;
    node.classList.remove("catching", "stale");
    if (state !== "live") node.classList.add(state);
    const label = node.querySelector("span");
    if (label.textContent !== text) label.textContent = text;
    node.title = clock(lastNews);
  }
  document.body.toggleAttribute("data-live-stale", state === "stale");
}

function news() {
  lastNews = Date.now();
  lostAt = null;
}

function watch() {
  if (stopped) return;
  if (socket?.readyState === WebSocket.OPEN) {
    if (Date.now() - lastNews > SILENCE) socket.close();
    return;
  }
  if (lostAt && Date.now() - Math.max(lostAt, lastNews) > (pollTimer ? POLL_EVERY * 2 : STALE_AFTER)) mark("stale");
}

// --- frames -------------------------------------------------------------------------------------------------------
function handle(frame) {
  const { op, topic } = frame;
  if (op === "denied") {
    topics.delete(topic);
    return;
  }
  if (!topics.has(topic)) return;
  if (frame.cursor !== undefined && op !== "checksum") topics.set(topic, frame.cursor);
  if (op === "snapshot") rows.applySnapshot(topic, frame.rows || []);
  else if (op === "event") {
    if (String(frame.kind).startsWith("crisis") && frame.kind.endsWith("opened")) alarm(word("said_crisis"));
    if (frame.kind === "escalation.opened") alarm(word("said_escalation"));
    rows.applyEvent(frame);
  } else if (op === "checksum") rows.applyChecksum(topic, frame);
  else if (op === "reset") {
    // The missed frames are gone: take the lists anew, then begin without a cursor.
    topics.set(topic, null);
    rows.resync(topic).finally(() => socket?.readyState === WebSocket.OPEN && topics.has(topic) && subscribe(topic));
  }
}

// --- the line -----------------------------------------------------------------------------------------------------
function connect() {
  clearTimeout(retryTimer);
  if (stopped || !topics.size) return;
  const url = new URL("/ws/live/", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const line = new WebSocket(url);
  socket = line;
  line.onopen = () => {
    mark("catching");
    for (const topic of topics.keys()) subscribe(topic);
    // With nothing missed the server may have nothing to say.
    setTimeout(() => { if (socket === line && line.readyState === WebSocket.OPEN) caughtUp(); }, 1500);
  };
  line.onmessage = (message) => {
    caughtUp();
    handle(JSON.parse(message.data));
  };
  line.onclose = (event) => {
    if (socket !== line) return;
    lostAt ??= Date.now();
    if (event.code === 4401 || event.code === 4403) { // signed out: trying again cannot help
      stopped = true;
      mark("stale");
      return;
    }
    failures += 1;
    if (failures >= POLL_AFTER_FAILURES) startPolling();
    const delay = Math.min(LAST_DELAY, FIRST_DELAY * 2 ** (failures - 1));
    retryTimer = setTimeout(connect, delay * (0.5 + Math.random() / 2)); // jitter: a restart must not bring all at once
  };
}

function caughtUp() {
  failures = 0;
  stopPolling();
  news();
  mark("live");
}

// --- polling, when sockets do not get through -----------------------------------------------------------------------
function startPolling() {
  if (pollTimer) return;
  pollTimer = setInterval(poll, POLL_EVERY);
  poll();
}
function stopPolling() {
  clearInterval(pollTimer);
  pollTimer = null;
}
async function poll() {
  for (const topic of [...topics.keys()]) {
    try {
      const answer = await fetch(`/api/v1/live/${encodeURIComponent(topic)}/`, {
        headers: { Accept: "application/json" }, credentials: "same-origin", cache: "no-store",
      });
      if (answer.status === 403 || answer.status === 404) { topics.delete(topic); continue; }
      if (!answer.ok || answer.redirected) continue;
      const body = await answer.json();
      if (!pollTimer) return; // the socket came back meanwhile; its frames are newer
      news();
      lostAt = Date.now();
      mark("catching");
      handle({ ...body, op: "snapshot", topic });
    } catch { /* still no network; the mark says since when */ }
  }
}

export function start() {
  rows.start();
  collect();
  document.addEventListener("dq:swapped", collect);
  document.addEventListener("htmx:afterSettle", collect);
  setInterval(watch, 1000);
  if (!topics.size) return;
  connect();
  addEventListener("online", () => { if (socket?.readyState !== WebSocket.OPEN) connect(); });
  // A page kept for "back" must not hold a line; when it returns, it catches up from its cursor.
  addEventListener("pagehide", () => { const line = socket; socket = null; line?.close(); });
  addEventListener("pageshow", (event) => { if (event.persisted) { lostAt = Date.now(); connect(); } });
}
