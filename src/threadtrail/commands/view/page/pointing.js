// Pointing at a waterfall: what is under the pointer or has the focus, and zooming into a range of time.

import { h, placed } from "./dom.js";
import { position } from "./format.js";

const SMALLEST_PX = 6;
const AROUND = 0.1;

// Returns a tip that says what a lane or a mark is, and the moment under the pointer.
export function pointAt(body, { from, until }) {
  const tip = h("div", { class: "tip", role: "tooltip", hidden: true });
  const cursor = h("div", { class: "cursor", hidden: true });
  body.append(cursor);
  const hide = () => {
    tip.hidden = cursor.hidden = true;
  };
  body.addEventListener("pointermove", (event) => {
    const target = event.target.closest("[data-tip]");
    const track = trackAt(body, event);
    if (target === null || track === undefined || event.pointerType === "touch") return hide();
    fill(tip, target, event.clientX);
    const part = (event.clientX - track.left) / track.width;
    cursor.hidden = part < 0 || part > 1;
    placed(cursor, { left: `${event.clientX - body.getBoundingClientRect().left}px` });
    if (!cursor.hidden) tip.append(h("span", null, `here: ${position(from + part * (until - from))}`));
    return undefined;
  });
  body.addEventListener("pointerleave", hide);
  body.addEventListener("focusout", hide);
  body.addEventListener("focusin", ({ target }) => {
    if (target.dataset.tip && target.matches(":focus-visible")) fill(tip, target, target.querySelector(".track").getBoundingClientRect().left);
  });
  return tip;
}

const trackAt = (body, event) => (event.target.closest(".lane") ?? body.querySelector(".lane")).querySelector(".track")?.getBoundingClientRect();

function fill(tip, target, x) {
  const [title, ...rest] = target.dataset.tip.split("\n");
  tip.replaceChildren(h("b", null, title), ...rest.map((each) => h("span", null, each)));
  tip.hidden = false;
  const [outer, lane] = [tip.parentElement.getBoundingClientRect(), target.closest(".lane").getBoundingClientRect()];
  const left = Math.min(Math.max(0, x - outer.left + 12), outer.width - tip.offsetWidth);
  const below = lane.bottom + tip.offsetHeight + 8 < innerHeight;
  placed(tip, { left: `${left}px`, top: `${(below ? lane.bottom + 4 : lane.top - tip.offsetHeight - 4) - outer.top}px` });
}

// Dragging over the lanes zooms into that range of time.
export function selectRange(body, { from, until }, zoom) {
  const chosen = h("div", { class: "chosen", hidden: true });
  body.append(chosen);
  let start = null;
  body.addEventListener("pointerdown", (event) => {
    const track = trackAt(body, event);
    const inside = track !== undefined && event.clientX >= track.left && event.clientX <= track.right;
    start = event.button === 0 && event.pointerType !== "touch" && inside ? event.clientX : null;
  });
  body.addEventListener("pointermove", (event) => {
    if (start === null || Math.abs(event.clientX - start) < SMALLEST_PX) return;
    if (!body.hasPointerCapture(event.pointerId)) body.setPointerCapture(event.pointerId);
    chosen.hidden = false;
    const left = body.getBoundingClientRect().left;
    placed(chosen, { left: `${Math.min(start, event.clientX) - left}px`, width: `${Math.abs(event.clientX - start)}px` });
  });
  body.addEventListener("pointerup", (event) => {
    const began = start;
    start = null;
    if (chosen.hidden || began === null) return;
    const track = body.querySelector(".lane .track").getBoundingClientRect();
    const moment = (x) => from + (Math.min(Math.max((x - track.left) / track.width, 0), 1)) * (until - from);
    zoom({ from: moment(Math.min(began, event.clientX)), until: moment(Math.max(began, event.clientX)) });
  });
}

// One tab stop for all lanes; the arrow keys go from one to the next, z zooms into one, and out again.
export function moveAlong(body, lanes, zoom) {
  body.querySelector("button.lane")?.setAttribute("tabindex", "0");
  body.addEventListener("keydown", (event) => {
    if (event.key === "z") return zoomInto(body, lanes, event, zoom);
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    let next = step && event.target.closest(".lane")?.[step];
    while (next && !next.matches("button.lane")) next = next[step];
    if (!next) return undefined;
    event.preventDefault();
    event.target.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
    return undefined;
  });
}

function zoomInto(body, lanes, event, zoom) {
  const view = body.parentElement;
  const zoomed = !view.querySelector(".reset").hidden;
  const lane = lanes[[...body.querySelectorAll("button.lane")].indexOf(event.target)];
  if (lane === undefined) return;
  event.preventDefault();
  const around = Math.max(((lane.end ?? 0) - (lane.start ?? 0)) * AROUND, 0.001);
  zoom(zoomed ? null : { from: (lane.start ?? 0) - around, until: (lane.end ?? 0) + around });
  view.querySelector("button.lane")?.focus();
}
