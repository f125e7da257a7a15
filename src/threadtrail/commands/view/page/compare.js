// Two runs or turns side by side.

import { h } from "./dom.js";
import { index } from "./data.js";
import { detailView } from "./detail.js";
import { cost, count, duration } from "./format.js";
import { inline } from "./text.js";

// The smaller number is marked as the better one, for measures that have one.
const MEASURES = [
  { label: "duration", of: (numbers) => numbers.duration, says: duration, better: true },
  { label: "first output", of: (numbers) => numbers.first_output, says: duration, better: true },
  { label: "queued", of: (numbers) => numbers.spent?.queued, says: duration, better: true },
  { label: "generating", of: (numbers) => numbers.spent?.generating, says: duration, better: true },
  { label: "tools of the app", of: (numbers) => numbers.spent?.tools, says: duration, better: true },
  { label: "waiting for a person", of: (numbers) => numbers.spent?.person, says: duration, better: true },
  { label: "input tokens", of: (numbers) => numbers.input_tokens, says: count, better: true },
  { label: "cached input tokens", of: (numbers) => numbers.cached_input_tokens, says: count },
  { label: "output tokens", of: (numbers) => numbers.output_tokens, says: count, better: true },
  { label: "reasoning tokens", of: (numbers) => numbers.reasoning_tokens, says: count },
  { label: "cost", of: (numbers) => numbers.cost, says: (value) => cost(value, index.costs.currency), better: true },
  { label: "tool calls", of: (numbers) => numbers.calls, says: count },
  { label: "polls", of: (numbers) => numbers.polls, says: count },
];

export async function compareView(one, other, { onClose, onSwap }) {
  const length = Math.max(one.waterfall?.length ?? 0, other.waterfall?.length ?? 0) || undefined;
  const pages = await Promise.all([one, other].map((detail) => detailView(detail, { length, beside: true })));
  return h(
    "div",
    { class: "compare" },
    h(
      "header",
      null,
      h("h2", { tabindex: "-1" }, "Side by side"),
      h("button", { type: "button", onclick: onSwap }, "Swap"),
      h("button", { type: "button", onclick: onClose, "aria-label": "Close", title: "Close (Esc)" }, "✕"),
    ),
    measures(one, other),
    h("div", { class: "pair" }, pages),
  );
}

function measures(one, other) {
  const lines = MEASURES.map((measure) => ({ ...measure, a: measure.of(one.numbers ?? {}), b: measure.of(other.numbers ?? {}) })).filter(({ a, b }) => a > 0 || b > 0);
  return h(
    "table",
    { class: "measures" },
    h("tr", null, h("th", { scope: "col" }), [one, other].map((detail) => h("th", { scope: "col", class: "number" }, inline(detail.id ?? detail.name))), h("th", { scope: "col", class: "number" }, "difference")),
    h("tr", null, h("th", { scope: "row" }, "status"), [one, other].map((detail) => h("td", { class: "number" }, h("span", { class: `badge ${detail.state}` }, inline(detail.status ?? "unknown")))), h("td")),
    lines.map(({ label, a, b, says, better }) =>
      h("tr", null, h("th", { scope: "row" }, label), [a, b].map((value) => h("td", { class: "number" }, value === undefined ? "–" : says(value))), difference(a, b, says, better)),
    ),
  );
}

function difference(a, b, says, better) {
  if (a === undefined || b === undefined || a === b) return h("td", { class: "number" }, a === b ? "=" : "");
  const css = better ? (b < a ? " better" : " worse") : "";
  const part = a > 0 ? ` (${b > a ? "+" : "−"}${Math.round((100 * Math.abs(b - a)) / a)} %)` : "";
  return h("td", { class: `number${css}` }, `${b > a ? "+" : "−"}${says(Math.abs(b - a))}${part}`);
}
