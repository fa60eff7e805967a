// What the server says that each topic shows: id -> version, kept in step by events and compared by checksum.
const views = new Map(); // topic -> {rows: Map, complete}

export const known = (topic) => views.get(topic)?.rows ?? null;
export const forget = (topic) => views.delete(topic);

export function snapshot({ topic, rows, complete }) {
  views.set(topic, { rows: new Map(rows.map((row) => [String(row.id), Number(row.version)])), complete });
}

/** `listed` says whether the record is among the topic's rows now; an event without it concerns none of them. */
export function event({ topic, id, version, listed }) {
  const rows = known(topic);
  if (!rows || listed === undefined) return;
  const held = rows.get(String(id));
  if (held !== undefined && held > version) return; // told twice, or late
  if (listed) rows.set(String(id), version);
  else rows.delete(String(id));
}

/** Is what we know what the server knows? null when that cannot be said: nothing known, or no digest. */
export async function agrees({ topic, digest, rows }) {
  const view = views.get(topic);
  if (!view || !view.complete || !digest) return null;
  if (view.rows.size !== rows) return false;
  if (!crypto.subtle) return true; // only the number can be compared on a line that is not secure
  const pairs = [...view.rows].map(([id, version]) => `${id}:${version}`).sort();
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(pairs.join("\n")));
  const hex = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.slice(0, 16) === digest;
}
