// The data of the page: rows from the index, details from compressed chunks, or from the server behind it.

import { $ } from "./dom.js";

const CACHED = 24;

export const index = JSON.parse($("index").textContent);
export const rows = [];
export const byHandle = new Map();
const chunks = new Map();

takeRows(index.rows);

// Takes rows that are new or have changed; returns their handles.
export function takeRows(many) {
  const taken = many.map(rowOf);
  for (const row of taken) {
    const known = byHandle.get(row.handle);
    if (known === undefined) rows.push(row);
    else Object.assign(known, row);
    byHandle.set(row.handle, known ?? row);
  }
  for (const row of rows) row.children.length = 0;
  for (const row of rows) adopt(row);
  return new Set(taken.map((row) => row.handle));
}

function rowOf(values, place) {
  const row = { place: index.places?.[place], children: [], text: null };
  index.fields.forEach((field, at) => {
    row[field] = values[at];
  });
  return row;
}

function adopt(row) {
  const parent = row.parent === null ? undefined : byHandle.get(row.parent);
  if (parent !== undefined) parent.children.push(row);
}

// Returns the detail of a run, a turn or a request; undefined if the page does not have it.
export async function detailOf(handle) {
  const row = byHandle.get(handle);
  if (row === undefined) return undefined;
  if (row.place === undefined) return fetched(handle);
  if (!chunks.has(row.place)) {
    if (chunks.size >= CACHED) chunks.delete(chunks.keys().next().value);
    chunks.set(row.place, unpacked($(`chunk-${row.place}`).textContent));
  }
  return (await chunks.get(row.place)).get(handle);
}

async function unpacked(base64) {
  const packed = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const details = await new Response(stream).json();
  return new Map(details.map((detail) => [detail.handle, detail]));
}

// Returns the handles of the rows whose detail contains all of the words, given in lower case.
export async function handlesWith(words) {
  if (index.version !== undefined) return new Set(await (await fetch(`search?${new URLSearchParams(words.map((word) => ["word", word]))}`)).json());
  const found = new Set();
  const has = (text) => words.every((word) => text.includes(word));
  for (const place of new Set(rows.map((row) => row.place))) {
    for (const [handle, detail] of await unpacked($(`chunk-${place}`).textContent)) if (has(textsOf(detail))) found.add(handle);
  }
  return found;
}

// Returns all texts of a detail, in lower case, without the names of the fields.
function textsOf(detail) {
  const texts = [];
  JSON.stringify(detail, (_name, value) => {
    if (typeof value === "string") texts.push(value);
    return value;
  });
  return texts.join("\n").toLowerCase();
}

async function fetched(handle) {
  const answer = await fetch(`detail?handle=${encodeURIComponent(handle)}`);
  return answer.ok ? answer.json() : undefined;
}
