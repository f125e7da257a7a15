// The keys, and what they do.

import { $, h } from "./dom.js";

const KEYS = [
  [["j", "k"], "next, previous"],
  [["Enter"], "open; again: move into it"],
  [["←", "→"], "fold, unfold a turn"],
  [["Esc"], "back"],
  [["/"], "search; Enter searches all content, ↓ goes to the list"],
  [["f"], "failed only"],
  [["z"], "on a bar: zoom in, and out (or drag over the bars)"],
  [["c"], "compare: mark one, then another"],
  [["t"], "light or dark"],
  [["Home", "End"], "first, last"],
  [["?"], "these keys"],
];

export function buildHelp() {
  $("help").append(
    h("h2", { id: "help-title" }, "Keys"),
    h("dl", null, KEYS.flatMap(([keys, says]) => [h("dt", null, keys.map((key) => h("kbd", null, key))), h("dd", null, says)])),
    h("form", { method: "dialog" }, h("button", null, "Close")),
  );
  $("help-button").addEventListener("click", () => $("help").showModal());
}
