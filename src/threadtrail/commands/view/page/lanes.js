// The lanes of a waterfall: a label, bars, and how long it took.

import { h, placed } from "./dom.js";
import { duration, position } from "./format.js";
import { inline, plain } from "./text.js";

export const KINDS = {
  queued: { css: "queued", says: "queued" },
  generating: { css: "generating", says: "generating" },
  tools: { css: "tools-time", says: "tools of the app" },
  hosted: { css: "hosted", says: "tools of the server" },
  person: { css: "person", says: "waiting for a person" },
  item: { css: "item", says: "step" },
  other: { css: "other", says: "other" },
};

const kindOf = (kind) => KINDS[kind] ?? KINDS.other;

export function laneView(lane, scale, choose) {
  const css = ["lane", `of-${lane.kind}`, lane.state === "bad" && "bad"].filter(Boolean).join(" ");
  const first = lane.first_output !== undefined && placed(h("i", { class: "first", "data-tip": `First output\n${position(lane.first_output)}` }), { left: scale.at(lane.first_output) });
  return h(
    "button",
    { type: "button", class: css, tabindex: "-1", onclick: () => choose(lane), "aria-label": spoken(lane), "data-tip": `${plain(lane.label)}\n${described(lane).join("\n")}` },
    placed(h("span", { class: "label" }, inline(lane.label)), { "--depth": String(lane.depth ?? 0) }),
    h("div", { class: "track" }, segments(lane.segments, scale, lane), first),
    h("span", { class: "time" }, lane.open ? "open" : duration((lane.end ?? 0) - (lane.start ?? 0))),
  );
}

export function wholeLane(data, scale) {
  return h(
    "div",
    { class: "lane whole", "data-tip": `In all\n${duration(data.length)}` },
    h("span", { class: "label" }, "in all"),
    h("div", { class: "track" }, segments(data.band, scale)),
    h("span", { class: "time" }, duration(data.length)),
  );
}

// The status changes, as diamonds.
export function marks(data, { from, until, at }) {
  return (data.marks ?? [])
    .filter(([time]) => time >= from && time <= until)
    .map(([time, status, how]) => placed(h("i", { class: "mark", "data-tip": `${plain(status)}\n${position(time)}, seen by ${plain(how)}` }), { left: at(time) }));
}

function segments(parts, { from, until, at }, lane = {}) {
  const extra = [lane.open && "open", lane.state === "bad" && lane.kind !== "run" && "bad"].filter(Boolean);
  return (parts ?? [])
    .filter(([, start, end]) => end >= from && start <= until)
    .map(([kind, start, end]) => placed(h("i", { class: ["segment", kindOf(kind).css, ...extra].join(" ") }), { left: at(start), width: `calc(${at(end)} - ${at(start)})` }));
}

const spoken = (lane) => [plain(lane.label), ...described(lane)].join(", ");

function described(lane) {
  const kinds = (lane.segments ?? []).map(([kind, start, end]) => `${kindOf(kind).says}: ${duration(end - start)}`);
  const when = `from ${position(lane.start ?? 0)} to ${lane.open ? "…" : position(lane.end ?? 0)}`;
  const first = lane.first_output !== undefined && `first output at ${position(lane.first_output)}`;
  return [...kinds, when, first, lane.status && `status: ${plain(lane.status)}`].filter(Boolean);
}
