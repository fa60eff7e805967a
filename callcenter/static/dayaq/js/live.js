// One WebSocket per page: subscribes the topics found on the page, keeps cursors, compares checksums, reconnects,
// falls back to polling, and says how fresh the page is. What frames do to the page is in live-rows.js, what the
// server says that a topic shows in live-model.js.
import { alarm, clock, since, word } from "./util.js";
import * as here from "./live-here.js";
import * as model from "./live-model.js";
import * as rows from "./live-rows.js";

const FIRST_DELAY = 500, LAST_DELAY = 30_000;
const MOVED_DELAY = 5_000; // a server that ends lets its sockets go: their pages come back over some seconds
const POLL_EVERY = 15_000, POLL_AFTER_FAILURES = 3;
const STALE_AFTER = 3_000; // a short break is not worth a word
const SILENCE = 150_000; // the server sends a checksum at least every minute; longer silence is a dead line
const PATIENCE = 5_000; // for the answer to a ping
const ENDING = [1001, 1012, 1013], SIGNED_OUT = [4401, 4403];

const topics = new Map(); // topic -> cursor or null
const etags = new Map();
let socket = null, failures = 0, lastNews = Date.now(), lostAt = null;
let retryTimer = null, pollTimer = null, pollAnswered = false, pingTimer = null, stopped = false, blind = false;

function collect() {
  for (const node of document.querySelectorAll("[data-live-topic], [data-live-count]")) {
    const topic = node.dataset.liveTopic || node.dataset.liveCount;
    const cursor = node.dataset.liveCursor || null;
    if (!topics.has(topic)) {
      topics.set(topic, cursor);
      subscribe(topic);
    } else if (!topics.get(topic) && cursor) {
      topics.set(topic, cursor);
    }
  }
}

const isOpen = () => socket?.readyState === WebSocket.OPEN;
function send(message) {
  if (isOpen()) socket.send(JSON.stringify(message));
}
const subscribe = (topic) => send({ op: "subscribe", topic, cursor: topics.get(topic) });

/** Begin a topic anew: its snapshot tells which rows on the page are behind. */
function startOver(topic) {
  model.forget(topic);
  topics.set(topic, null);
  subscribe(topic);
}

/** Say which record this page has open, so that others who have it open know. */
function sayHere(again = false) {
  const record = isOpen() ? here.unsaid(again) : undefined;
  if (record !== undefined) send({ op: "here", record });
  here.put();
}

function swapped() {
  collect();
  sayHere();
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
  if (isOpen()) {
    if (Date.now() - lastNews > SILENCE) socket.close();
    return;
  }
  const patience = pollAnswered ? POLL_EVERY * 2 : STALE_AFTER;
  if (lostAt && Date.now() - Math.max(lostAt, lastNews) > patience) mark("stale");
}

/** A computer that slept has a dead line and does not know it: ask at once. */
function ping() {
  if (document.visibilityState !== "visible" || !isOpen() || pingTimer) return;
  const line = socket;
  send({ op: "ping" });
  pingTimer = setTimeout(() => { pingTimer = null; line.close(); }, PATIENCE);
}

// --- frames -------------------------------------------------------------------------------------------------------
function handle(frame) {
  const { op, topic } = frame;
  if (op === "presence") return here.changed(frame.record).catch(() => {}); // the line is down: a new one tells again
  if (op === "denied") {
    topics.delete(topic);
    return model.forget(topic);
  }
  if (!topics.has(topic)) return;
  if (frame.cursor !== undefined && op !== "checksum") topics.set(topic, frame.cursor);
  if (op === "snapshot") {
    model.snapshot(frame);
    rows.applySnapshot(topic, frame.rows);
  } else if (op === "event") {
    model.event(frame);
    if (String(frame.kind).startsWith("crisis") && frame.kind.endsWith("opened")) alarm(word("said_crisis"));
    if (frame.kind === "escalation.opened") alarm(word("said_escalation"));
    rows.applyEvent(frame);
  } else if (op === "checksum") {
    check(frame);
  } else if (op === "reset") {
    // The missed frames are gone: take the lists anew, and begin without a cursor.
    rows.resync(topic);
    startOver(topic);
  }
}

async function check(frame) {
  const { topic, digest } = frame;
  const view = model.known(topic);
  rows.applyChecksum(topic, frame);
  if (!view) return digest && startOver(topic); // this page began with a cursor: from now on it can compare
  const before = JSON.stringify([...view]);
  if (await model.agrees(frame) === false && model.known(topic) === view && before === JSON.stringify([...view])) {
    send({ op: "diverged", topic });
    rows.resync(topic);
    startOver(topic);
  } else {
    rows.applyModel(topic, view);
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
    sayHere(true);
    // With nothing missed the server may have nothing to say.
    setTimeout(() => { if (socket === line && isOpen() && !blind) caughtUp(); }, 1500);
  };
  line.onmessage = (message) => {
    clearTimeout(pingTimer);
    pingTimer = null;
    const frame = JSON.parse(message.data);
    if (frame.op === "stale") blind = true; // the server itself learns nothing new
    else if (frame.op !== "pong") blind = false;
    if (blind) mark("stale");
    else caughtUp();
    handle(frame);
  };
  line.onclose = (event) => {
    if (socket !== line) return;
    lostAt ??= Date.now();
    blind = false;
    if (SIGNED_OUT.includes(event.code)) { // trying again cannot help
      stopped = true;
      mark("stale");
      return;
    }
    failures += 1;
    if (failures >= POLL_AFTER_FAILURES) startPolling();
    const most = ENDING.includes(event.code) && failures === 1 ? MOVED_DELAY
      : Math.min(LAST_DELAY, FIRST_DELAY * 2 ** failures);
    retryTimer = setTimeout(connect, 200 + Math.random() * most); // jitter: a restart must not bring all at once
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
  pollAnswered = false;
}
async function poll() {
  let answered = false;
  for (const topic of [...topics.keys()]) {
    try {
      const answer = await fetch(`/api/v1/live/${encodeURIComponent(topic)}/`, {
        headers: { Accept: "application/json", ...(etags.has(topic) && { "If-None-Match": etags.get(topic) }) },
        credentials: "same-origin", cache: "no-store",
      });
      if (answer.status === 403 || answer.status === 404) { topics.delete(topic); continue; }
      if (answer.redirected || (!answer.ok && answer.status !== 304)) continue;
      const body = answer.status === 304 ? null : await answer.json();
      if (!pollTimer) return; // the socket came back meanwhile; its frames are newer
      answered = true;
      news();
      lostAt = Date.now();
      mark("catching");
      etags.set(topic, answer.headers.get("ETag") || "");
      if (body) handle({ ...body, op: "snapshot", topic });
    } catch { /* still no network; the mark says since when */ }
  }
  pollAnswered = answered && Boolean(pollTimer);
}

export function start() {
  rows.start();
  collect();
  document.addEventListener("dq:swapped", swapped);
  document.addEventListener("htmx:afterSettle", swapped);
  setInterval(watch, 1000);
  if (!topics.size) return;
  connect();
  addEventListener("online", () => { if (!isOpen()) connect(); });
  document.addEventListener("visibilitychange", ping);
  // A page kept for "back" must not hold a line; when it returns, it catches up from its cursor.
  addEventListener("pagehide", () => { const line = socket; socket = null; line?.close(); });
  addEventListener("pageshow", (event) => { if (event.persisted) { lostAt = Date.now(); connect(); } });
}
