// When the runs began, as bars over the list; a part of the time can be chosen.

import { $, h, placed, say } from "./dom.js";
import { count, counted, date, timeOfDay } from "./format.js";
import { change, state } from "./state.js";

const BARS = 120;
const FEWEST = 12; // with fewer runs, the list itself shows more

let drawn = null; // where it begins, how long a bar is, how many runs each has
let at = 0; // the bar that the arrow keys are on

export function buildTimeline() {
  const strip = $("timeline");
  let start = null;
  strip.addEventListener("pointerdown", (event) => {
    start = barUnder(event);
    strip.setPointerCapture(event.pointerId);
  });
  strip.addEventListener("pointermove", (event) => highlight(start ?? barUnder(event), barUnder(event)));
  strip.addEventListener("pointerup", (event) => {
    if (start !== null) chooseTime(start, barUnder(event));
    start = null;
  });
  strip.addEventListener("pointerleave", () => highlight());
  strip.addEventListener("blur", () => highlight());
  strip.addEventListener("keydown", pressedHere);
}

function pressedHere(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step !== undefined) {
    at = Math.min(Math.max(at + step, 0), BARS - 1);
    highlight(at, at);
    say($("moment").textContent);
  } else if (event.key === "Enter") chooseTime(at, at);
  else return;
  event.preventDefault();
}

// Draws the runs that match all but the chosen time.
export function showTimeline(rows) {
  const starts = rows.map((row) => row.started).filter((time) => time !== null);
  const [from, until] = [starts.reduce((a, b) => Math.min(a, b), Infinity), starts.reduce((a, b) => Math.max(a, b), -Infinity)];
  $("timeline").hidden = starts.length < FEWEST || !(until > from);
  if ($("timeline").hidden) return;
  drawn = { from, length: (until - from) / BARS, bars: Array.from({ length: BARS }, () => ({ all: 0, failed: 0 })) };
  for (const row of rows) {
    const bar = drawn.bars[Math.min(BARS - 1, Math.floor((row.started - from) / drawn.length))];
    bar.all += 1;
    if (row.state === "bad") bar.failed += 1;
  }
  const most = drawn.bars.reduce((a, bar) => Math.max(a, bar.all), 1);
  const part = (number) => `${(100 * number) / most}%`;
  $("bars").replaceChildren(
    ...drawn.bars.map((bar) => h("i", null, placed(h("b", null), { height: part(bar.all - bar.failed) }), placed(h("b", { class: "failed" }), { height: part(bar.failed) }))),
  );
  highlight();
}

const barUnder = (event) => {
  const box = $("bars").getBoundingClientRect();
  return Math.min(BARS - 1, Math.max(0, Math.floor((BARS * (event.clientX - box.left)) / box.width)));
};

const timeOf = (bar) => drawn.from + bar * drawn.length;

// Marks the bars between two, or else those of the chosen time.
function highlight(one, other) {
  const range = one === undefined ? state.range : rangeOf(one, other);
  [...$("bars").children].forEach((bar, number) => {
    const middle = timeOf(number + 0.5);
    bar.classList.toggle("out", range !== null && (middle < range[0] || middle >= range[1]));
  });
  $("moment").textContent = range === null ? "" : timeInWords(range);
}

function rangeOf(one, other) {
  const [first, last] = [Math.min(one, other), Math.max(one, other)];
  return [timeOf(first), last === BARS - 1 ? Infinity : timeOf(last + 1)];
}

function timeInWords([from, until]) {
  const [first, last] = [from, Math.min(until, timeOf(BARS))];
  const bars = drawn.bars.filter((_, number) => timeOf(number + 0.5) >= first && timeOf(number + 0.5) < last);
  const [all, failed] = [bars.reduce((sum, bar) => sum + bar.all, 0), bars.reduce((sum, bar) => sum + bar.failed, 0)];
  return `${date(first)} ${timeOfDay(first)} – ${timeOfDay(last)}: ${counted(all, "turn")}${failed > 0 ? `, ${count(failed)} failed` : ""}`;
}

// Choosing the same time again removes the choice.
function chooseTime(one, other) {
  const range = rangeOf(one, other);
  const same = state.range !== null && state.range[0] === range[0] && state.range[1] === range[1];
  change({ range: same ? null : range });
}
