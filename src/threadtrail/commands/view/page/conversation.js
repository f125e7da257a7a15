// A run as a conversation: what it was sent, what the model thought, called and said.

import { h } from "./dom.js";
import { bytes, count, duration } from "./format.js";
import { jsonOrText, jsonView } from "./json.js";
import { addressOf } from "./route.js";
import { inline, long, plain } from "./text.js";

const FOLDED_ITEMS = 60;
const BY = { app: "by the app", server: "by the server", person: "by a person" };

// Returns the items of one run. `known` are the ids of calls that are shown already: their outputs are not repeated.
export function conversationView(items, known = new Set()) {
  const talk = h("div", { class: "talk" });
  const wanted = items.filter((item) => !(item.kind === "message" && item.answers !== undefined && known.has(item.answers)) && !answersOnly(item, known));
  for (const item of items) if (item.kind === "call") known.add(item.id);
  show(talk, wanted, 0);
  return talk;
}

// A message that only has outputs of calls that are shown already.
function answersOnly(item, known) {
  return item.kind === "message" && (item.parts?.length ?? 0) > 0 && item.parts.every((part) => part.type === "tool_result" && known.has(part.id));
}

function show(talk, items, from) {
  talk.append(...items.slice(from, from + FOLDED_ITEMS).map(itemView));
  const left = items.length - from - FOLDED_ITEMS;
  if (left <= 0) return;
  const more = h("button", { type: "button" }, `Show ${count(Math.min(left, FOLDED_ITEMS))} of ${count(left)} more`);
  more.addEventListener("click", () => {
    more.remove();
    show(talk, items, from + FOLDED_ITEMS);
  });
  talk.append(more);
}

function itemView(item) {
  if (item.kind === "call") return callView(item);
  if (item.kind === "message") return messageView(item);
  if (item.kind === "thought") return said("thought", [h("span", { class: "who" }, "reasoning"), unusual(item.status)], item.parts.map(partView));
  if (item.kind === "earlier") return earlier(item.items);
  if (item.kind === "after") return h("p", { class: "between" }, h("span", null, "follows ", h("a", { href: addressOf(item.run) }, inline(item.run))));
  if (item.kind === "error") return h("div", { class: "failure-box" }, h("b", null, inline(item.error.type)), item.error.message && long(item.error.message));
  return said("", [h("span", { class: "who" }, inline(item.name ?? "")), unusual(item.status)], []);
}

function earlier(items) {
  return folded(`${count(items.length)} earlier ${items.length === 1 ? "message" : "messages"}, sent again`, () => items.map(itemView));
}

function messageView(message) {
  const head = [h("span", { class: "who" }, inline(message.role)), message.phase && inline(message.phase), unusual(message.status, message.reason)];
  const parts = () => [(message.parts ?? []).map(partView), message.metadata && jsonView(message.metadata)];
  if (message.role === "instructions" || message.role === "system" || message.role === "developer") return folded(message.role, parts, firstLine(message));
  const empty = (message.parts ?? []).length === 0;
  return said(message.role === "user" || message.role === "assistant" ? message.role : "", head, empty ? [h("p", { class: "empty" }, "no content")] : parts());
}

function firstLine(message) {
  const text = message.parts?.find((part) => part.text)?.text ?? "";
  return text.slice(0, 120).split("\n")[0];
}

function callView(call) {
  const took = call.start !== undefined && call.end !== undefined && call.end > call.start ? duration(call.end - call.start) : "";
  const head = [
    h("span", { class: "who" }, inline(call.name)),
    call.tool !== call.name && call.tool !== "function" && inline(call.tool),
    h("span", null, BY[call.by]),
    call.server && h("span", null, "on ", inline(call.server)),
    call.namespace && h("span", null, "of ", inline(call.namespace)),
    call.approved && h("span", { class: call.approved === "approved" ? "" : "odd" }, call.approved),
    call.open && h("span", { class: "odd" }, "no output"),
    call.error === undefined && unusual(call.status),
    h("span", { class: "right" }, took),
  ];
  const code = call.tool === "code_interpreter" || call.tool === "program" || call.tool === "shell" ? "code" : "";
  const body = [
    call.arguments && labelled(call.label, jsonOrText(call.arguments, "code")),
    call.output !== undefined && labelled("output", call.output === "" ? h("p", { class: "empty" }, "empty") : jsonOrText(call.output, code)),
    (call.results ?? []).map((result) => labelled("result", jsonView(result))),
    call.error && h("div", { class: "failure-box" }, h("b", null, inline(call.error.type)), call.error.message && long(call.error.message)),
  ];
  const view = said(`call ${call.by}${call.error ? " bad" : ""}`, head, body);
  view.dataset.call = call.id;
  return view;
}

const labelled = (label, content) => [h("p", { class: "caption" }, label), content];

function partView(part) {
  if (part.type === "text") return [long(part.text ?? ""), part.annotations && folded("annotations", () => jsonView(part.annotations))];
  if (part.type === "refusal") return h("div", { class: "refusal" }, long(part.text ?? "refused"));
  if (part.type === "reasoning") return part.text ? long(part.text) : h("p", { class: "empty" }, part.encrypted ? `${bytes(part.encrypted)}, encrypted` : "no content");
  if (part.type === "image" || part.type === "file") return storedView(part);
  if (part.type === "tool_call") return labelled(`calls ${plain(part.name ?? "")}`, part.arguments ? jsonOrText(part.arguments, "code") : h("p", { class: "empty" }, "no arguments"));
  if (part.type === "tool_result") return labelled("output of a call", [part.output !== undefined && jsonOrText(part.output), (part.results ?? []).map(jsonView)]);
  return labelled(plain(part.name ?? part.type), jsonView(part.json ?? "{}"));
}

// Nothing is loaded: only images whose data is in the recording are drawn.
function storedView(part) {
  if (part.data) return h("img", { class: "picture", src: part.data, alt: "Image from the recording" });
  const facts = [part.name, part.file, part.url, part.media, part.bytes !== undefined && bytes(part.bytes)].filter(Boolean);
  return h("span", { class: "placeholder" }, h("b", null, part.type), facts.map((fact) => h("span", null, inline(fact))));
}

function said(css, head, body) {
  return h("article", { class: `said ${css}` }, h("header", null, head), h("div", { class: "body" }, body));
}

export function folded(title, build, glimpse = "") {
  const details = h("details", { class: "said" }, h("summary", null, h("span", { class: "who" }, plain(title)), glimpse && inline(glimpse)));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(h("div", { class: "body" }, build()));
  });
  return details;
}

function unusual(status, reason) {
  if (!status || status === "completed") return null;
  const bad = status === "failed" || status === "expired";
  return h("span", { class: bad ? "wrong" : "odd" }, inline(reason ? `${status}: ${reason}` : status));
}
