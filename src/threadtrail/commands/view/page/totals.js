// The totals of what is shown, in the header.

import { $, h } from "./dom.js";
import { index, rows } from "./data.js";
import { cost, count, duration, short, span } from "./format.js";

export function showTotals(tops) {
  const runs = tops.flatMap((row) => (row.kind === "turn" ? row.children : row.kind === "run" ? [row] : []));
  const failed = tops.filter((row) => row.state === "bad").length;
  const ended = tops.filter((row) => row.kind !== "request" && row.state !== "open");
  const durations = ended.map((row) => row.duration).filter((each) => each !== null).sort((a, b) => a - b);
  const all = rows.filter((row) => row.kind === "run").length;
  const whole = runs.length === all ? count(all) : `${count(runs.length)} of ${count(all)}`;
  const costs = runs.map((row) => row.cost).filter((each) => each !== null);
  const entries = [
    ["", whole, runs.length === 1 && all === 1 ? "run" : "runs"],
    failed > 0 && ["bad", count(failed), "failed"],
    durations.length > 1 && ["optional", duration(quantile(durations, 0.5)), "p50"],
    durations.length > 1 && ["optional", duration(quantile(durations, 0.95)), "p95"],
    ["", short(runs.reduce((sum, row) => sum + (row.tokens ?? 0), 0)), "tokens"],
    costs.length > 0 && ["", cost(costs.reduce((sum, each) => sum + each, 0), index.costs.currency), "cost", priceNote(runs.length - costs.length)],
    tops.length > 0 && ["span", spanOf(tops), ""],
  ];
  $("totals").replaceChildren(
    ...entries.filter(Boolean).map(([css, value, label, note]) => h("div", { class: css, title: note }, h("dt", null, label), h("dd", null, value))),
  );
}

function priceNote(without) {
  return `by ${index.costs.prices}${without > 0 ? `; ${count(without)} of the runs have no price` : ""}`;
}

function quantile(sorted, part) {
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)];
}

function spanOf(tops) {
  let [from, until] = [Infinity, -Infinity];
  for (const row of tops) {
    from = Math.min(from, row.started);
    until = Math.max(until, row.started + (row.duration ?? 0));
  }
  return span(from, until);
}
