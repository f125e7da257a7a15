// The waterfall: how long each part took, on an axis in seconds.

import { h, placed } from "./dom.js";
import { count, duration, percent } from "./format.js";
import { KINDS, laneView, marks, wholeLane } from "./lanes.js";
import { moveAlong, pointAt, selectRange } from "./pointing.js";

const FOLDED_LANES = 100;
const MORE_LANES = 1000;
const TICKS_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600];

// `length` is that of the axis, in milliseconds; `onCall` and `onRun` are called with the lane that was chosen.
export function waterfallView(data, { spent, length = data.length, onCall, onRun }) {
  const all = { from: 0, until: Math.max(length, 0.001) };
  const choose = (lane) => (lane.call !== undefined ? onCall?.(lane.call) : onRun?.(lane.run));
  const reset = h("button", { type: "button", class: "reset", hidden: true }, "Whole time");
  const view = h("div", { class: "waterfall" }, h("div", { class: "above" }, legend(data, spent), reset));
  const show = (range) => {
    view.querySelector(".lanes")?.remove();
    view.querySelector(".tip")?.remove();
    const zoomed = range.from > all.from || range.until < all.until;
    reset.hidden = !zoomed;
    view.append(...lanesWithin(data, range, choose, (next) => show(next ?? all)));
  };
  reset.addEventListener("click", () => {
    show(all);
    view.querySelector("button.lane")?.focus();
  });
  show(all);
  return view;
}

// Draws a range of time; a zoomed view has only the lanes within it.
function lanesWithin(data, range, choose, zoom) {
  const scale = { ...range, at: (time) => `${(100 * (Math.min(Math.max(time, range.from), range.until) - range.from)) / (range.until - range.from)}%` };
  const lanes = data.lanes.filter((lane) => (lane.end ?? 0) >= range.from && (lane.start ?? 0) <= range.until);
  const ticks = ticksOf(range);
  const body = h("div", { class: "lanes" });
  body.append(grid(ticks, scale), axis(ticks, scale));
  if (!isWhole(data.lanes, data.length)) body.append(wholeLane(data, scale));
  appendLanes(body, lanes, (lane) => laneView(lane, scale, choose));
  body.querySelector(".whole, .of-run")?.querySelector(".track").append(...marks(data, scale));
  moveAlong(body, lanes, zoom);
  selectRange(body, scale, zoom);
  return [body, pointAt(body, scale)];
}

// Returns whether the lane of a single run already shows the whole time.
function isWhole(lanes, length) {
  const [first, ...others] = lanes;
  return first?.kind === "run" && first.start === 0 && first.end === length && others.every((lane) => lane.kind !== "run");
}

function appendLanes(body, lanes, draw) {
  body.append(...lanes.slice(0, FOLDED_LANES).map(draw));
  if (lanes.length <= FOLDED_LANES) return;
  body.classList.add("many");
  let shown = FOLDED_LANES;
  const button = h("button", { type: "button", class: "more" });
  const label = () => {
    const left = lanes.length - shown;
    if (left <= 0) button.remove();
    else button.textContent = `Show ${count(Math.min(MORE_LANES, left))} of ${count(left)} more`;
  };
  button.addEventListener("click", () => {
    button.before(...lanes.slice(shown, shown + MORE_LANES).map(draw));
    shown += MORE_LANES;
    label();
  });
  body.append(button);
  label();
}

function legend(data, spent) {
  const used = new Set(data.lanes.flatMap((lane) => lane.segments ?? []).map(([kind]) => kind));
  const parts = Object.entries(KINDS).filter(([kind]) => spent?.[kind] > 0 || (used.has(kind) && kind === "hosted"));
  return h(
    "ul",
    { class: "legend", "aria-label": "Where the time went" },
    parts.map(([kind, { css, says }]) =>
      h("li", null, h("i", { class: css }), says, spent?.[kind] > 0 && [h("b", null, duration(spent[kind])), h("small", null, percent(spent[kind], data.length))]),
    ),
  );
}

function axis(ticks, { at }) {
  const labels = ticks.map((tick) => placed(h("i", { class: "tick" }, h("span", null, tick.label)), { left: at(tick.time) }));
  return h("div", { class: "lane axis", "aria-hidden": "true" }, h("span"), h("div", { class: "track" }, labels), h("span"));
}

// The lines behind all lanes.
function grid(ticks, { at }) {
  const lines = ticks.map((tick) => placed(h("i", { class: "tick" }), { left: at(tick.time) }));
  return h("div", { class: "lane grid", "aria-hidden": "true" }, h("span"), h("div", { class: "track" }, lines), h("span"));
}

// Returns round moments within a range of milliseconds.
export function ticksOf({ from, until }) {
  const seconds = (until - from) / 1000;
  const step = TICKS_SECONDS.find((each) => each >= seconds / 6) ?? Math.ceil(seconds / 6 / 3600) * 3600;
  const digits = step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3;
  const ticks = [];
  for (let number = Math.ceil(from / 1000 / step - 1e-9); number * step <= from / 1000 + seconds * 0.97; number += 1) {
    const time = number * step;
    ticks.push({ time: time * 1000, label: step >= 60 ? `${time / 60}m` : `${time.toFixed(digits)}s` });
  }
  return ticks;
}
