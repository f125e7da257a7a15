// Shows what is open beside the list: one run, two side by side, or nothing.

import { $, h, say } from "./dom.js";
import { byHandle, detailOf } from "./data.js";
import { compareView } from "./compare.js";
import { detailView } from "./detail.js";
import { draw, select } from "./list.js";
import { go, route } from "./route.js";
import { state } from "./state.js";
import { inline, plain } from "./text.js";

let opening = 0;
let movesInto = false;

// Shows what the address names; returns when it is shown. `again` says that it was shown before and has changed.
export async function followAddress({ again = false } = {}) {
  const handles = route();
  const ticket = (opening += 1);
  const details = [];
  let page;
  try {
    details.push(...(await Promise.all(handles.map(detailOf))));
    page = await pageOf(handles, details);
  } catch (error) {
    page = note(`This cannot be shown: ${error.message}`);
  }
  if (ticket !== opening) return;
  const reading = page !== null;
  const [scrolled, within] = [$("detail").scrollTop, $("detail").contains(document.activeElement)];
  const closed = !reading && document.body.classList.contains("reading");
  document.body.classList.toggle("reading", reading);
  document.body.classList.toggle("comparing", handles.length === 2);
  $("detail").hidden = !reading;
  $("detail").replaceChildren(...(reading ? [page] : []));
  $("detail").scrollTop = again ? scrolled : 0;
  document.title = [details.map((detail) => detail && plain(detail.name)).filter(Boolean).join(" | "), plain($("title").textContent)].filter(Boolean).join(" · ");
  if (handles.length === 1 && byHandle.has(handles[0])) select(handles[0]);
  else draw();
  const moves = reading && (movesInto || (again && within));
  movesInto = false;
  if (moves) $("detail").focus();
  if (again || moves) return;
  if (closed) $("runs").focus();
  else if (reading && $("runs").offsetParent === null) page.querySelector("h2")?.focus();
}

// Moves the focus into what is open, or is about to be.
export function moveInto() {
  movesInto = $("detail").hidden;
  if (!movesInto) $("detail").focus();
}

function pageOf(handles, details) {
  if (handles.length === 0) return null;
  if (details.includes(undefined)) return missing(handles[details.indexOf(undefined)]);
  if (handles.length === 2) return compareView(...details, { onClose: close, onSwap: () => go(handles[1], handles[0]) });
  return detailView(details[0], { onClose: close, onCompare: () => mark(handles[0]) });
}

const missing = (handle) => note("This page does not contain ", inline(handle), ".");

function note(...sentence) {
  return h("article", { class: "page" }, h("p", { class: "note-box" }, sentence));
}

export const close = () => go();

// Marks a run or turn for comparison; if another one is marked already, shows both.
export function mark(handle) {
  if (handle === null || byHandle.get(handle)?.kind === "request") return;
  if (state.marked !== null && state.marked !== handle) {
    const first = state.marked;
    unmark();
    go(first, handle);
    return;
  }
  state.marked = handle;
  $("compare-bar").replaceChildren(
    h("span", null, "Compare ", h("b", null, inline(byHandle.get(handle).name)), " ", inline(handle), " with another: open it, then press ", h("kbd", null, "c"), " or Compare"),
    h("button", { type: "button", onclick: unmark }, "Cancel"),
  );
  $("compare-bar").hidden = false;
  say("Marked for comparison. Choose another and press c.");
  draw();
}

export function unmark() {
  state.marked = null;
  $("compare-bar").hidden = true;
  draw();
}
