// Makes the whole page usable by keyboard.

import { $ } from "./dom.js";
import { clearFilters, searchWithin } from "./filters.js";
import { neighbour, screenful, select, selectedRow, toggle } from "./list.js";
import { close, mark, moveInto, unmark } from "./reader.js";
import { wordsOf } from "./query.js";
import { go, pass, route } from "./route.js";
import { change, state } from "./state.js";
import { switchTheme } from "./theme.js";

const STEPS = {
  j: () => 1,
  ArrowDown: () => 1,
  k: () => -1,
  ArrowUp: () => -1,
  PageDown: screenful,
  PageUp: () => -screenful(),
  Home: () => -Infinity,
  End: () => Infinity,
};

const ACTS = {
  "/": () => $("query").focus(),
  "?": () => $("help").showModal(),
  c: () => mark(state.selected),
  f: () => change({ failedOnly: !state.failedOnly }),
  t: switchTheme,
  Escape: back,
};

export function buildKeys() {
  document.addEventListener("keydown", pressed);
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || $("help").open) return;
  if (event.target === $("query")) return typing(event);
  if (event.target.matches("select, input")) return undefined;
  const act = ACTS[event.key] ?? inList(event);
  if (act === undefined) return undefined;
  event.preventDefault();
  return act(event);
}

// In the search field, only the keys that leave it.
function typing(event) {
  if (event.key === "Escape") {
    event.preventDefault();
    if (event.target.value === "") $("runs").focus();
    else clearFilters();
  } else if (event.key === "Enter" && state.within === null && wordsOf(event.target.value).length > 0) {
    event.preventDefault();
    searchWithin();
  } else if (event.key === "Enter" || event.key === "ArrowDown") {
    event.preventDefault();
    $("runs").focus();
    if (state.selected === null) move(1);
  }
}

// j and k move along the list from anywhere; the arrow keys do so only in the list.
function inList(event) {
  const within = event.target.closest("#detail") !== null;
  const step = STEPS[event.key];
  if (step !== undefined && (!within || event.key === "j" || event.key === "k")) return () => move(step());
  if (within || event.target.matches("button, a, #timeline")) return undefined;
  return { Enter: openSelected, ArrowRight: () => foldTurn(true), ArrowLeft: () => foldTurn(false) }[event.key];
}

function move(steps) {
  const handle = neighbour(steps);
  if (handle === null) return;
  if (route().length === 1) pass(handle);
  else if (route().length === 0) select(handle);
}

function openSelected() {
  if (state.selected === null) return;
  if (route()[0] === state.selected) moveInto();
  else go(state.selected);
}

function foldTurn(unfolded) {
  const row = selectedRow();
  if (row === undefined) return;
  if (!unfolded && row.parent !== null) select(row.parent);
  else toggle(row, unfolded);
}

function back() {
  if (state.marked !== null) unmark();
  else if (route().length > 0) close();
  else if (!$("clear").hidden) clearFilters();
  else $("runs").focus();
}
