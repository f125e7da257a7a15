// The page of a run, a turn or a failed request.

import { h } from "./dom.js";
import { conversationView, folded } from "./conversation.js";
import { byHandle, detailOf, index } from "./data.js";
import { search } from "./filters.js";
import { cost, count, duration, moment } from "./format.js";
import { jsonView } from "./json.js";
import { addressOf } from "./route.js";
import { inline, long, plain } from "./text.js";
import { waterfallView } from "./waterfall.js";

const SEARCHED = { user: "user", session: "session", tag: "tag", trace: "trace" };

// Returns the page. `length` is that of the axis, if it is compared with another; `beside` leaves buttons out.
export async function detailView(detail, { length, beside = false, onClose, onCompare } = {}) {
  const runs = detail.kind === "turn" ? await Promise.all(detail.runs.map(detailOf)) : [detail];
  const page = h("article", { class: "page", "aria-label": plain(detail.name) });
  const toCall = (id) => reveal(page.querySelector(`[data-call="${CSS.escape(id)}"]`));
  const toRun = (handle) => reveal(page.querySelector(`[data-run="${CSS.escape(handle)}"]`));
  page.append(
    ...[
      header(detail, { beside, onClose, onCompare }),
      failureBox(detail.error),
      ...(detail.notes ?? []).map((note) => h("p", { class: "note-box" }, inline(note))),
      !beside && parts(detail),
      !beside && numbers(detail),
      detail.waterfall && section("Waterfall", h("small", null, `from ${moment(detail.started)}`), waterfallView(detail.waterfall, { spent: detail.numbers?.spent, length, onCall: toCall, onRun: toRun })),
      ...requestsOf(runs),
      conversations(detail, runs),
      facts(detail),
    ].filter(Boolean),
  );
  return page;
}

function reveal(target) {
  if (!target) return;
  target.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  target.classList.add("flash");
  setTimeout(() => target.classList.remove("flash"), 1500);
}

function header(detail, { beside, onClose, onCompare }) {
  const copy = h("button", { type: "button", class: "aside", title: "Copy a link to this" }, "Copy link");
  copy.addEventListener("click", async () => {
    await navigator.clipboard?.writeText(location.href.split("#")[0] + addressOf(detail.handle));
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy link"), 1200);
  });
  return h(
    "header",
    null,
    h(
      "div",
      { class: "names" },
      h("h2", { tabindex: "-1", "data-handle": detail.handle }, h("span", { class: "title" }, inline(detail.name)), h("span", { class: `badge ${detail.state}` }, inline(detail.status ?? "unknown"))),
      h("div", { class: "id" }, h("span", { class: "kind" }, detail.kind), inline(detail.id ?? ""), detail.model && detail.model !== detail.name && inline(detail.model)),
    ),
    beside && h("a", { href: addressOf(detail.handle) }, "open"),
    !beside && detail.kind !== "request" && h("button", { type: "button", class: "aside", onclick: onCompare, title: "Compare with another (c)" }, "Compare"),
    !beside && copy,
    !beside && h("button", { type: "button", onclick: onClose, "aria-label": "Close", title: "Close (Esc)" }, "✕"),
  );
}

function failureBox(error) {
  if (!error) return null;
  return h(
    "div",
    { class: "failure-box", role: "alert" },
    h("b", null, inline(error.type)),
    error.param && h("small", null, " about ", inline(error.param)),
    error.message && long(error.message),
  );
}

// Links to the turn and its runs.
function parts(detail) {
  if (detail.runs === undefined) return null;
  const turn = detail.kind === "turn" ? detail.handle : detail.turn;
  const link = (handle, label) => h("a", { href: addressOf(handle), "aria-current": handle === detail.handle ? "page" : null, title: plain(handle) }, label);
  const state = (handle) => byHandle.get(handle)?.state;
  return h(
    "nav",
    { class: "parts", "aria-label": "The turn and its runs" },
    link(turn, "turn"),
    detail.runs.map((handle, at) => link(handle, [`run ${at + 1}`, state(handle) === "bad" ? " ✗" : ""])),
  );
}

function numbers(detail) {
  const of = detail.numbers ?? {};
  const some = (value, text, note) => (value === undefined ? null : { text, note });
  const input = [of.cached_input_tokens > 0 && `${count(of.cached_input_tokens)} cached`, of.cache_write_input_tokens > 0 && `${count(of.cache_write_input_tokens)} written`];
  const entries = {
    duration: some(of.duration, duration(of.duration)),
    "first output": some(of.first_output, duration(of.first_output)),
    "input tokens": some(of.input_tokens, count(of.input_tokens ?? 0), input.filter(Boolean).join(", ")),
    "output tokens": some(of.output_tokens, count(of.output_tokens ?? 0), of.reasoning_tokens > 0 && `${count(of.reasoning_tokens)} reasoning`),
    cost: of.priced === undefined ? null : { text: of.cost === undefined ? "unknown" : cost(of.cost, index.costs.currency), note: of.unpriced, hint: of.priced },
    "tool calls": of.calls > 0 ? { text: count(of.calls) } : null,
    polls: of.polls > 0 ? { text: count(of.polls) } : null,
    "retried requests": of.retries > 0 ? { text: count(of.retries) } : null,
  };
  return h(
    "dl",
    { class: "numbers" },
    Object.entries(entries).filter(([, value]) => value).map(([label, { text, note, hint }]) => h("div", { title: hint && plain(hint) }, h("dt", null, label), h("dd", null, text, note && h("small", { title: plain(note) }, inline(note))))),
  );
}

function section(title, ...content) {
  const [note, ...rest] = content[0]?.tagName === "SMALL" ? content : [null, ...content];
  return h("section", null, h("h3", null, title, note), rest);
}

function requestsOf(runs) {
  return runs.flatMap((run) => run?.requests ?? []).map((request) => section("Failed request", failureBox(request.error), pairs(request.fields)));
}

function conversations(detail, runs) {
  const known = new Set();
  const blocks = runs.filter((run) => run?.conversation?.length > 0).map((run) => {
    const talk = conversationView(run.conversation, known);
    if (detail.kind !== "turn") return talk;
    const divider = h("p", { class: "between", "data-run": run.handle }, h("a", { href: addressOf(run.handle) }, inline(run.id)), inline(run.model ?? ""));
    talk.prepend(divider);
    return talk;
  });
  return blocks.length > 0 && section("Conversation", h("div", { class: "talk" }, blocks));
}

function facts(detail) {
  const metadata = detail.metadata ?? [];
  const sections = [
    usage(detail),
    detail.waterfall?.marks?.length > 0 && section("Status", statuses(detail.waterfall.marks)),
    detail.attributes?.length > 0 && section("Attributes", pairs(detail.attributes)),
    metadata.length > 0 && section("Metadata", pairs(metadata)),
    detail.settings?.length > 0 && section("Request", pairs(detail.settings)),
    detail.about?.length > 0 && section("About", pairs(detail.about)),
  ].filter(Boolean);
  return h("section", null, h("div", { class: "columns" }, sections));
}

function usage(detail) {
  const of = detail.numbers ?? {};
  if (of.total_tokens === undefined) return null;
  const lines = [
    ["input", of.input_tokens],
    ["of them cached", of.cached_input_tokens],
    ["of them written to the cache", of.cache_write_input_tokens],
    ["output", of.output_tokens],
    ["of them reasoning", of.reasoning_tokens],
    ["in all", of.total_tokens],
  ].filter(([, value]) => value !== undefined);
  const steps = detail.steps?.length > 1 && folded("By step", () => stepTable(detail.steps));
  return section("Tokens", pairs(lines.map(([label, value]) => [label, count(value)])), steps, of.priced && [h("p", { class: "caption" }, "cost"), h("p", null, of.cost === undefined ? "unknown" : cost(of.cost, index.costs.currency), " ", inline([of.priced, of.unpriced].filter(Boolean).join("; ")))], detail.billed?.length > 0 && [h("p", { class: "caption" }, "billed apart"), pairs(detail.billed)]);
}

function stepTable(steps) {
  return h(
    "table",
    null,
    h("tr", null, ["step", "input", "output"].map((title, at) => h("th", { class: at > 0 ? "number" : null }, title))),
    steps.map((step) => h("tr", null, h("td", null, inline(step.kind)), h("td", { class: "number" }, count(step.input_tokens ?? 0)), h("td", { class: "number" }, count(step.output_tokens ?? 0)))),
  );
}

function statuses(marks) {
  return h(
    "table",
    null,
    h("tr", null, ["status", "after", "seen by"].map((title) => h("th", null, title))),
    marks.slice(0, 200).map(([time, status, how]) => h("tr", null, h("td", null, inline(status)), h("td", null, duration(time)), h("td", null, inline(how)))),
  );
}

function pairs(fields) {
  return h("dl", { class: "pairs" }, fields.flatMap(([name, value]) => [h("dt", null, inline(name)), h("dd", null, shown(name, value))]));
}

function shown(name, value) {
  if (value !== null && typeof value === "object") return jsonView(value.json);
  if (typeof value !== "string") return String(value);
  const field = SEARCHED[name];
  if (field !== undefined) return h("button", { type: "button", class: "plain", title: "Show all with this", onclick: () => search(`${field}:"${value}"`) }, inline(value));
  if (byHandle.has(value)) return h("a", { href: addressOf(value) }, inline(value));
  return value.length > 200 ? long(value) : inline(value);
}
