// The search field and the filters.

import { $, h } from "./dom.js";
import { handlesWith, rows } from "./data.js";
import { FACETS, counts, wordsOf } from "./query.js";
import { change, state } from "./state.js";
import { plain } from "./text.js";
import { count } from "./format.js";

const ALL = { status: "Status", model: "Model", name: "Name", source: "Source", trace: "Trace", user: "User", session: "Session", tag: "Tag" };
const LONGEST_MENU = 300; // with more values, searching for user:u1 is quicker

let waiting = 0;

export function buildFilters() {
  for (const field of FACETS) {
    const select = h("select", { id: `by-${field}`, "aria-label": ALL[field], onchange: (event) => choose(field, event.target.value) });
    $("facets").append(select);
  }
  refreshFilters();
  $("query").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => change({ query: $("query").value.trim(), within: null }), rows.length > 2000 ? 80 : 0);
  });
  $("failed").addEventListener("click", () => change({ failedOnly: !state.failedOnly }));
  $("within").addEventListener("click", searchWithin);
  $("clear").addEventListener("click", clearFilters);
  $("more-filters").addEventListener("click", () => {
    const shown = $("facets").classList.toggle("shown");
    $("more-filters").setAttribute("aria-expanded", String(shown));
  });
}

// Fills the menus; a field with one value, or none, has no menu.
export function refreshFilters() {
  const runs = rows.filter((row) => row.kind !== "turn");
  for (const field of FACETS) {
    const select = $(`by-${field}`);
    const found = counts(runs, field);
    select.hidden = found.length < 2 || found.length > LONGEST_MENU;
    if (select.hidden) continue;
    select.replaceChildren(
      h("option", { value: "" }, ALL[field]),
      ...found.map(([value, number]) => h("option", { value }, `${plain(value)} (${count(number)})`)),
    );
    select.value = state.chosen[field] ?? "";
  }
}

function choose(field, value) {
  change({ chosen: { ...state.chosen, [field]: value } });
}

export function search(query) {
  $("query").value = query;
  change({ query, within: null });
}

// Searches all content, not only the beginnings of texts that are in the rows.
export async function searchWithin() {
  const query = $("query").value.trim();
  if (wordsOf(query).length === 0) return;
  $("within").textContent = "Searching …";
  const within = await handlesWith(wordsOf(query));
  if ($("query").value.trim() === query) change({ query, within });
}

export function clearFilters() {
  $("query").value = "";
  change({ query: "", chosen: {}, failedOnly: false, within: null, range: null });
}

export function showFilters() {
  const chosen = Object.values(state.chosen).filter(Boolean).length;
  $("within").hidden = wordsOf(state.query).length === 0;
  $("within").textContent = "In all content";
  $("within").setAttribute("aria-pressed", String(state.within !== null));
  $("failed").setAttribute("aria-pressed", String(state.failedOnly));
  $("clear").hidden = chosen === 0 && state.query === "" && !state.failedOnly && state.range === null;
  $("more-filters").textContent = chosen > 0 ? `Filters (${chosen})` : "Filters";
  for (const field of FACETS) {
    const select = $(`by-${field}`);
    select.value = state.chosen[field] ?? "";
    select.classList.toggle("set", Boolean(state.chosen[field]));
  }
}
