// JSON as a tree, whose branches are built when they are unfolded.

import { h } from "./dom.js";
import { bytes, count } from "./format.js";
import { inline, long, plain, visible } from "./text.js";

const LARGEST = 2_000_000; // characters; longer JSON is shown as text
const AT_ONCE = 100;
const OPEN_DEPTH = 2;
const OPEN_SIZE = 12;
const LONG_STRING = 300;

// Returns a text that may be JSON: a tree if it is an object or a list, else the text.
export function jsonOrText(text, kind = "") {
  const value = text.length < LARGEST && /^\s*[[{]/.test(text) ? parsed(text) : undefined;
  return block(text, value === undefined ? long(text, kind) : tree(value));
}

export function jsonView(text) {
  const value = text.length < LARGEST ? parsed(text) : undefined;
  return value === undefined ? long(text, "code") : tree(value);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function tree(value) {
  return h("div", { class: "json" }, node(null, value, 0));
}

// Returns the text with buttons that copy it, and show it unformatted.
function block(text, shown) {
  const copy = h("button", { type: "button" }, "Copy");
  copy.addEventListener("click", async () => {
    await navigator.clipboard?.writeText(text);
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy"), 1200);
  });
  const acts = h("div", { class: "acts" }, copy);
  const view = h("div", { class: "block" }, shown, acts);
  if (shown.className !== "json") return view;
  let raw = null;
  const switchOver = h("button", { type: "button", "aria-pressed": "false" }, "Raw");
  switchOver.addEventListener("click", () => {
    raw = raw === null ? long(text, "code") : null;
    view.firstChild.replaceWith(raw ?? shown);
    switchOver.setAttribute("aria-pressed", String(raw !== null));
  });
  acts.prepend(switchOver);
  return view;
}

function node(key, value, depth) {
  const name = key === null ? [] : [h("span", { class: "key" }, inline(key)), ": "];
  if (value === null || typeof value !== "object") return h("div", { class: "leaf" }, name, leaf(value));
  const entries = Array.isArray(value) ? value.map((each, at) => [String(at), each]) : Object.entries(value);
  const size = Array.isArray(value) ? `[${count(entries.length)}]` : `{${count(entries.length)}}`;
  if (entries.length === 0) return h("div", { class: "leaf" }, name, h("span", { class: "size" }, Array.isArray(value) ? "[]" : "{}"));
  const details = h("details", null, h("summary", null, name, h("span", { class: "size" }, `${size} `, glimpse(value, entries))));
  const build = () => {
    if (details.open && details.childElementCount === 1) children(details, entries, depth, 0);
  };
  details.addEventListener("toggle", build);
  if (depth < OPEN_DEPTH && entries.length <= OPEN_SIZE) {
    details.open = true;
    build();
  }
  return details;
}

function children(details, entries, depth, from) {
  details.append(...entries.slice(from, from + AT_ONCE).map(([key, each]) => node(key, each, depth + 1)));
  const left = entries.length - from - AT_ONCE;
  if (left <= 0) return;
  const more = h("button", { type: "button", class: "plain" }, `… ${count(left)} more`);
  more.addEventListener("click", () => {
    more.remove();
    children(details, entries, depth, from + AT_ONCE);
  });
  details.append(more);
}

function glimpse(value, entries) {
  if (Array.isArray(value)) return "";
  const text = entries.slice(0, 4).map(([key]) => key).join(", ");
  return plain(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

function leaf(value) {
  if (typeof value !== "string") return h("span", { class: "value" }, String(value));
  if (value.length <= LONG_STRING) return h("span", { class: "string" }, "\"", h("bdi", null, visible(value)), "\"");
  return h("span", { class: "string" }, h("span", { class: "size" }, `${bytes(value.length)} `), long(value, "code"));
}
