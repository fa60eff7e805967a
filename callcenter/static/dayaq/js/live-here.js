// Who else has the record of this page open. The socket says that somebody came or went; who it is, is fetched.
import { fetchPart } from "./util.js";

let said = null; // the record the server knows that we have open
let told = null; // {record, nodes}: what was told of it last

const node = () => document.querySelector("[data-live-here]");

/** The record to be said over a new line, or after a swap that opened another one. null: nothing new. */
export function unsaid(again = false) {
  const record = node()?.dataset.liveHere ?? null;
  if (record === said && !(again && record)) return undefined;
  said = record;
  return record;
}

/** Somebody came to a record, or left it. */
export async function changed(record) {
  const place = node();
  if (place?.dataset.liveHere !== record) return;
  const { root } = await fetchPart(place.dataset.liveSrc);
  if (!root) return;
  told = { record, nodes: [...root.childNodes] };
  put();
}

/** Into the page, also after its part was drawn anew. */
export function put() {
  const place = node();
  if (place && told?.record === place.dataset.liveHere) {
    place.replaceChildren(...told.nodes.map((each) => each.cloneNode(true)));
  }
}
