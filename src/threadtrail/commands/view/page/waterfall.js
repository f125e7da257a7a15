// The waterfall: what took how long, on an axis in seconds.

import { h, placed } from "./dom.js";
import { duration, percent } from "./format.js";
import { inline, plain } from "./text.js";

const KINDS = {
  queued: { css: "queued", says: "queued" },
  generating: { css: "generating", says: "generating" },
  tools: { css: "tools-time", says: "tools of the app" },
  hosted: { css: "hosted", says: "tools of the server" },
  person: { css: "person", says: "waiting for a person" },
  item: { css: "item", says: "step" },
  other: { css: "other", says: "other" },
};
const FOLDED_LANES = 100;
const MORE_LANES = 1000;

// `length` is that of the axis, in milliseconds; `onCall` and `onRun` are told which lane was chosen.
export function waterfallView(data, { spent, length = data.length, onCall, onRun }) {
  const scale = Math.max(length, 0.001);
  const at = (time) => `${Math.min(100, (100 * time) / scale)}%`;
  const ticks = ticksOf(scale);
  const tip = h("div", { class: "tip", role: "tooltip", hidden: true });
  const cursor = h("div", { class: "cursor", hidden: true });
  const body = h("div", { class: "lanes" });
  const lane = (each) => laneView(each, { at, onCall, onRun });
  body.append(grid(ticks, at), axis(ticks, at));
  if (!isWhole(data.lanes, data.length)) body.append(wholeLane(data, at));
  body.append(...data.lanes.slice(0, FOLDED_LANES).map(lane), cursor);
  body.querySelector(".whole, .of-run")?.querySelector(".track").append(...marks(data, at));
  fold(body, data.lanes, lane);
  const view = h("div", { class: "waterfall" }, legend(data, spent), body, tip);
  pointAt(view, body, tip, cursor, scale);
  moveAlong(body);
  return view;
}

// Whether the lane of a run shows all that there is to show of the whole time.
function isWhole(lanes, length) {
  const [first, ...others] = lanes;
  return first?.kind === "run" && first.start === 0 && first.end === length && others.every((lane) => lane.kind !== "run");
}

function fold(body, lanes, lane) {
  if (lanes.length <= FOLDED_LANES) return;
  body.classList.add("many");
  let shown = FOLDED_LANES;
  const button = h("button", { type: "button", class: "more" });
  const label = () => {
    button.textContent = `Show ${Math.min(MORE_LANES, lanes.length - shown).toLocaleString("en-US")} of ${(lanes.length - shown).toLocaleString("en-US")} more`;
  };
  button.addEventListener("click", () => {
    button.before(...lanes.slice(shown, shown + MORE_LANES).map(lane));
    shown += MORE_LANES;
    if (shown >= lanes.length) button.remove();
    else label();
  });
  label();
  body.append(button);
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

function axis(ticks, at) {
  const labels = ticks.map((tick) => placed(h("i", { class: "tick" }, h("span", null, tick.label)), { left: at(tick.time) }));
  return h("div", { class: "lane axis", "aria-hidden": "true" }, h("span"), h("div", { class: "track" }, labels), h("span"));
}

// The status changes, as diamonds.
function marks(data, at) {
  return (data.marks ?? []).map(([time, status, how]) =>
    placed(h("i", { class: "mark", "data-tip": `${plain(status)}\n${duration(time)}, seen by ${plain(how)}` }), { left: at(time) }),
  );
}

function wholeLane(data, at) {
  return h(
    "div",
    { class: "lane whole", "data-tip": `In all\n${duration(data.length)}` },
    h("span", { class: "label" }, "in all"),
    h("div", { class: "track" }, (data.band ?? []).map((part) => segment(part, at))),
    h("span", { class: "time" }, duration(data.length)),
  );
}

// The lines behind all lanes.
function grid(ticks, at) {
  const lines = ticks.map((tick) => placed(h("i", { class: "tick" }), { left: at(tick.time) }));
  return h("div", { class: "lane grid", "aria-hidden": "true" }, h("span"), h("div", { class: "track" }, lines), h("span"));
}

function laneView(lane, { at, onCall, onRun }) {
  const chosen = () => (lane.call !== undefined ? onCall?.(lane.call) : lane.run !== undefined ? onRun?.(lane.run) : undefined);
  const took = duration((lane.end ?? 0) - (lane.start ?? 0));
  const css = ["lane", `of-${lane.kind}`, lane.state === "bad" && "bad"].filter(Boolean).join(" ");
  const first = lane.first_output !== undefined && placed(h("i", { class: "first", "data-tip": `First output\n${duration(lane.first_output)}` }), { left: at(lane.first_output) });
  const view = h(
    "button",
    { type: "button", class: css, tabindex: "-1", onclick: chosen, "aria-label": `${plain(lane.label)}, ${spoken(lane)}`, "data-tip": `${plain(lane.label)}\n${described(lane)}` },
    placed(h("span", { class: "label" }, inline(lane.label)), { "--depth": String(lane.depth ?? 0) }),
    h("div", { class: "track" }, (lane.segments ?? []).map((part) => segment(part, at, lane)), first),
    h("span", { class: "time" }, lane.open ? "open" : took),
  );
  return view;
}

function segment([kind, start, end], at, lane = {}) {
  const css = ["segment", KINDS[kind]?.css ?? "other", lane.open && "open", lane.state === "bad" && lane.kind !== "run" && "bad"].filter(Boolean).join(" ");
  return placed(h("i", { class: css }), { left: at(start), width: `calc(${at(end)} - ${at(start)})` });
}

function spoken(lane) {
  const kinds = (lane.segments ?? []).map(([kind, start, end]) => `${KINDS[kind]?.says ?? kind} ${duration(end - start)}`);
  return [...kinds, lane.status, `from ${duration(lane.start ?? 0)}`].filter(Boolean).map(plain).join(", ");
}

function described(lane) {
  const kinds = (lane.segments ?? []).map(([kind, start, end]) => `${KINDS[kind]?.says ?? kind}: ${duration(end - start)}`);
  const when = `from ${duration(lane.start ?? 0)} to ${lane.open ? "…" : duration(lane.end ?? 0)}`;
  const first = lane.first_output !== undefined ? `first output at ${duration(lane.first_output)}` : "";
  return [...kinds, when, first, lane.status && `status: ${plain(lane.status)}`].filter(Boolean).join("\n");
}

// Shows what a lane or a mark is, and the moment under the pointer.
function pointAt(view, body, tip, cursor, scale) {
  const show = (target, x) => {
    const [title, ...rest] = target.dataset.tip.split("\n");
    tip.replaceChildren(h("b", null, title), ...rest.map((each) => h("span", null, each)));
    tip.hidden = false;
    const [outer, lane] = [view.getBoundingClientRect(), target.closest(".lane").getBoundingClientRect()];
    const left = Math.min(Math.max(0, x - outer.left + 12), outer.width - tip.offsetWidth);
    const below = lane.bottom + tip.offsetHeight + 8 < innerHeight;
    placed(tip, { left: `${left}px`, top: `${(below ? lane.bottom + 4 : lane.top - tip.offsetHeight - 4) - outer.top}px` });
  };
  const hide = () => {
    tip.hidden = cursor.hidden = true;
  };
  body.addEventListener("pointermove", (event) => {
    const target = event.target.closest("[data-tip]");
    const track = event.target.closest(".lane")?.querySelector(".track")?.getBoundingClientRect();
    if (target === null || track === undefined || event.pointerType === "touch") return hide();
    show(target, event.clientX);
    cursor.hidden = event.clientX < track.left || event.clientX > track.right;
    if (cursor.hidden) return undefined;
    placed(cursor, { left: `${event.clientX - body.getBoundingClientRect().left}px` });
    const time = (scale * (event.clientX - track.left)) / track.width;
    tip.append(h("span", null, `here: ${duration(time)}`));
    return undefined;
  });
  body.addEventListener("pointerleave", hide);
  body.addEventListener("focusin", (event) => {
    if (event.target.dataset.tip && event.target.matches(":focus-visible")) show(event.target, event.target.querySelector(".track").getBoundingClientRect().left);
  });
  body.addEventListener("focusout", hide);
}

// One tab stop for all lanes; the arrow keys go from one to the next.
function moveAlong(body) {
  body.querySelector("button.lane")?.setAttribute("tabindex", "0");
  body.addEventListener("keydown", (event) => {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    let next = step && event.target.closest(".lane")?.[step];
    while (next && !next.matches("button")) next = next[step];
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    event.target.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  });
}

// Returns round moments for an axis of so many milliseconds.
export function ticksOf(length) {
  const seconds = length / 1000;
  const rough = seconds / 6;
  const bases = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600];
  const step = bases.find((each) => each >= rough) ?? Math.ceil(rough / 3600) * 3600;
  const digits = step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3;
  const ticks = [];
  for (let at = 0; at * step <= seconds * 0.97; at += 1) ticks.push({ time: at * step * 1000, label: `${(at * step).toFixed(digits)} s` });
  return ticks;
}
