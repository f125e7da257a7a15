// Text of a recording: characters that a screen obeys without showing them are made visible, long text is folded.

import { h } from "./dom.js";
import { bytes } from "./format.js";

// Controls, marks of direction, invisible characters; not line ends, tabs, and the joiners of emoji and scripts.
const UNSEEN = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;
const NAMES = "NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US".split(" ");
const MANY = 400;
const FOLDED = 6000;
const FOLDED_LINES = 60;
const BLOCK = 64 * 1024;

function symbol(character) {
  const code = character.codePointAt(0);
  if (code < NAMES.length) return `⟨${NAMES[code]}⟩`;
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

const symbols = (characters) => Array.from(characters, symbol).join("");

// Returns the text as nodes.
export function visible(text) {
  const shown = String(text).replaceAll("\r\n", "\n");
  const found = [...shown.matchAll(UNSEEN)];
  if (found.length > MANY) return [shown.replace(UNSEEN, symbols)];
  const nodes = [];
  let at = 0;
  for (const match of found) {
    nodes.push(shown.slice(at, match.index), h("span", { class: "control" }, symbols(match[0])));
    at = match.index + match[0].length;
  }
  nodes.push(shown.slice(at));
  return nodes;
}

// Returns the text as one string, for attributes and titles.
export function plain(text) {
  return String(text).replace(UNSEEN, symbols);
}

// Returns a short text on one line, whose direction does not affect the text around it.
export function inline(text) {
  return h("bdi", null, visible(String(text).replaceAll("\n", " ↵ ").replaceAll("\t", " ")));
}

// Returns a text of any length: its beginning, and a button that shows the rest block by block.
export function long(text, kind = "") {
  const element = h("pre", { class: `text ${kind}` });
  const end = foldedEnd(text);
  if (end >= text.length) {
    element.append(...visible(text));
    return element;
  }
  element.append(...visible(text.slice(0, end)));
  const button = h("button", { type: "button", class: "plain" }, `… show all (${bytes(text.length)})`);
  button.addEventListener("click", () => {
    button.remove();
    element.replaceChildren();
    unfold(element, text, 0);
  });
  return h("div", null, element, button);
}

function foldedEnd(text) {
  let end = 0;
  for (let line = 0; line < FOLDED_LINES; line += 1) {
    const next = text.indexOf("\n", end);
    if (next === -1 || next > FOLDED) return text.length <= FOLDED * 1.2 ? text.length : Math.max(cut(text, FOLDED), end);
    end = next + 1;
  }
  return text.length - end < FOLDED / 4 ? text.length : end;
}

function unfold(element, text, from) {
  if (!element.isConnected && from > 0) return;
  let end = Math.min(from + BLOCK, text.length);
  if (end < text.length) {
    const line = text.lastIndexOf("\n", end - 1);
    end = line > from ? line + 1 : cut(text, end);
  }
  // The line end between two blocks is the block's own.
  const block = text.slice(from, end).replace(end < text.length ? /\n$/ : /$^/, "");
  element.append(h("div", null, visible(block)));
  if (end < text.length) setTimeout(unfold, 0, element, text, end);
}

// Returns where to cut the text, never within a pair of surrogates.
function cut(text, at) {
  const code = text.charCodeAt(at - 1);
  return code >= 0xd800 && code <= 0xdbff ? at - 1 : at;
}
