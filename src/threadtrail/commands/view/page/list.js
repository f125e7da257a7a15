// The list of runs and turns: only the rows in sight exist.

import { $, h, placed } from "./dom.js";
import { cost, count, counted, date, duration, short, timeOfDay } from "./format.js";
import { byHandle, index, rows } from "./data.js";
import { matcher } from "./query.js";
import { change, state } from "./state.js";
import { inline, plain } from "./text.js";
import { showTimeline } from "./timeline.js";

const SPENT = ["queued", "generating", "tools-time", "person", "other"];
const MARKS = { good: "✓", bad: "✗", warning: "!", open: "…" };
const STATES = { good: "", bad: "failed: ", warning: "", open: "in progress: " };
const BEYOND = 8;
const SHORTEST = 200; // milliseconds, for the bars in the column Duration

const COLUMNS = [
  { field: "state", title: "", label: "State", css: "" },
  { field: "name", title: "Name", css: "name" },
  { field: "model", title: "Model", css: "model" },
  { field: "calls", title: "Calls", css: "calls number" },
  { field: "tokens", title: "Tokens", css: "tokens number" },
  { field: "cost", title: "Cost", css: "cost number" },
  { field: "duration", title: "Duration", css: "took" },
  { field: "started", title: "Started", css: "started number" },
];

let tops = []; // what matches, in order
let lines = []; // the same with the runs of unfolded turns
let longest = 1;
let height = 34;

export function buildList() {
  $("columns").append(h("div", { role: "row", class: "line" }, COLUMNS.map(heading)));
  height = parseFloat(getComputedStyle($("columns").firstChild).getPropertyValue("--row"));
  $("scroller").addEventListener("scroll", draw, { passive: true });
  new ResizeObserver(draw).observe($("scroller"));
  $("rows").addEventListener("click", clicked);
}

function heading({ field, title, label, css }) {
  const sort = () => change({ sort: { field, down: state.sort.field === field ? !state.sort.down : field !== "name" && field !== "model" } });
  return h(
    "span",
    { role: "columnheader", class: css, "data-field": field },
    h("button", { type: "button", onclick: sort, "aria-label": label }, title),
  );
}

// Updates what is shown; returns the runs and turns that match.
export function refresh() {
  const matches = matcher(state);
  const matching = rows.filter((row) => row.parent === null && (matches(row) || row.children.some(matches)));
  showTimeline(matching);
  tops = state.range === null ? matching : matching.filter((row) => row.started >= state.range[0] && row.started < state.range[1]);
  tops.sort(order);
  longest = tops.reduce((most, row) => Math.max(most, row.duration ?? 0), 1);
  flatten();
  for (const column of $("columns").querySelectorAll("[data-field]")) {
    const sorted = column.dataset.field === state.sort.field;
    column.setAttribute("aria-sort", sorted ? (state.sort.down ? "descending" : "ascending") : "none");
  }
  return tops;
}

function flatten() {
  lines = tops.flatMap((row) => (state.expanded.has(row.handle) ? [row, ...row.children] : [row]));
  $("runs").setAttribute("aria-rowcount", String(lines.length + 1));
  placed($("rows"), { height: `${lines.length * height}px` });
  $("nothing").hidden = lines.length > 0;
  $("nothing").textContent = rows.length === 0 ? "This recording holds no runs." : state.within === null && state.query ? "Nothing matches. Press Enter in the search field to search all content." : "Nothing matches.";
  draw();
}

function order(one, other) {
  const { field, down } = state.sort;
  const [a, b] = [one[field], other[field]];
  if (a === b) return other.started - one.started;
  if (a === null || a === undefined) return 1;
  if (b === null || b === undefined) return -1;
  return (a < b ? -1 : 1) * (down ? -1 : 1);
}

export function draw() {
  const { scrollTop, clientHeight } = $("scroller");
  const first = Math.max(0, Math.floor(scrollTop / height) - BEYOND);
  const last = Math.min(lines.length, Math.ceil((scrollTop + clientHeight) / height) + BEYOND);
  const drawn = [];
  for (let at = first; at < last; at += 1) drawn.push(line(lines[at], at));
  $("rows").replaceChildren(...drawn);
  const selected = lines.findIndex((row) => row.handle === state.selected);
  if (selected >= first && selected < last) $("runs").setAttribute("aria-activedescendant", `row-${selected}`);
  else $("runs").removeAttribute("aria-activedescendant");
}

function line(row, at) {
  const turn = row.children.length > 0;
  const status = plain(row.status ?? "unknown");
  const css = ["line", row.parent !== null && "child", row.handle === state.marked && "marked"].filter(Boolean).join(" ");
  return placed(
    h(
      "div",
      {
        role: "row",
        id: `row-${at}`,
        class: css,
        "data-at": at,
        "aria-rowindex": at + 2,
        "aria-level": row.parent === null ? 1 : 2,
        "aria-expanded": turn ? String(state.expanded.has(row.handle)) : null,
        "aria-selected": String(row.handle === state.selected),
      },
      h("span", { role: "gridcell", class: `state ${row.state}`, title: status, "aria-label": `${STATES[row.state]}${status}` }, MARKS[row.state]),
      h("span", { role: "gridcell", class: "name" }, named(row, turn)),
      h("span", { role: "gridcell", class: "model" }, row.model === null ? "" : inline(row.model)),
      h("span", { role: "gridcell", class: "calls number" }, row.calls > 0 ? count(row.calls) : ""),
      h("span", { role: "gridcell", class: "tokens number" }, row.tokens === null ? "" : short(row.tokens)),
      h("span", { role: "gridcell", class: "cost number" }, cost(row.cost, index.costs.currency)),
      h("span", { role: "gridcell", class: "took" }, bar(row), h("span", null, duration(row.duration))),
      h("span", { role: "gridcell", class: "started number" }, started(row)),
    ),
    { top: `${at * height}px` },
  );
}

// A run without an assistant is named by its model, which has its own column.
function named(row, turn) {
  const titled = row.name !== row.model || (row.preview || row.answer || row.error) === "";
  return [
    turn && h("button", { type: "button", class: "fold", tabindex: "-1", "aria-label": "Show the runs of this turn" }),
    titled && h("span", { class: "title" }, inline(row.name)),
    turn && h("span", { class: "runs" }, counted(row.children.length, "run")),
    row.error !== null && row.state !== "good"
      ? h("span", { class: `failure ${row.state}` }, inline(row.error))
      : h("span", { class: titled ? "preview" : "question" }, inline(row.preview || row.answer)),
  ];
}

// The length of the bar is logarithmic, so that short runs can be seen beside long ones.
function bar(row) {
  const element = h("span", { class: "bar", "aria-hidden": "true" });
  if (!row.spent || !row.duration) return element;
  const length = (100 * Math.log1p(row.duration / SHORTEST)) / Math.log1p(longest / SHORTEST);
  const whole = row.spent.reduce((sum, part) => sum + part, 0) || 1;
  row.spent.forEach((part, at) => {
    if (part > 0) element.append(placed(h("i", { class: SPENT[at] }), { width: `${(length * part) / whole}%` }));
  });
  return element;
}

const today = new Date().toDateString();

function started(row) {
  if (row.started === null) return "";
  const same = new Date(row.started).toDateString() === today;
  return h("span", { title: new Date(row.started).toISOString() }, same ? timeOfDay(row.started) : `${date(row.started)} ${timeOfDay(row.started).slice(0, 5)}`);
}

function clicked(event) {
  const at = event.target.closest("[data-at]")?.dataset.at;
  if (at === undefined) return;
  const row = lines[Number(at)];
  if (event.target.closest(".fold")) toggle(row);
  else $("runs").dispatchEvent(new CustomEvent("choose", { detail: row.handle }));
}

export function toggle(row, open = !state.expanded.has(row.handle)) {
  if (row.children.length === 0) return;
  if (open) state.expanded.add(row.handle);
  else state.expanded.delete(row.handle);
  flatten();
}

// Returns the handle of the row this many lines below the selected one.
export function neighbour(steps) {
  const at = lines.findIndex((row) => row.handle === state.selected);
  const to = at === -1 ? (steps > 0 ? 0 : lines.length - 1) : Math.min(Math.max(at + steps, 0), lines.length - 1);
  return lines[to]?.handle ?? null;
}

export const screenful = () => Math.max(1, Math.floor($("scroller").clientHeight / height) - 1);
export const selectedRow = () => byHandle.get(state.selected);

// Selects a row, unfolds its turn and brings it into sight.
export function select(handle) {
  state.selected = handle;
  const parent = byHandle.get(handle)?.parent;
  if (parent && !state.expanded.has(parent)) {
    state.expanded.add(parent);
    flatten();
  }
  const at = lines.findIndex((row) => row.handle === handle);
  const scroller = $("scroller");
  if (at !== -1) {
    if (at * height < scroller.scrollTop) scroller.scrollTop = at * height;
    else if ((at + 1) * height > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = (at + 1) * height - scroller.clientHeight;
  }
  draw();
}
