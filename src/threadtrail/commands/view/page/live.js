// Follows a growing recording: asks the server for what has changed.

import { $ } from "./dom.js";
import { index, takeRows } from "./data.js";
import { refreshFilters } from "./filters.js";
import { followAddress } from "./reader.js";
import { route } from "./route.js";

const AGAIN_MS = 2000;

// A page without a server does not change.
export async function follow(update) {
  if (index.version === undefined) return;
  $("live").hidden = false;
  showConnection(true);
  for (;;) {
    try {
      const answer = await fetch(`changes?since=${index.version}`);
      if (!answer.ok) throw new Error(answer.statusText);
      await take(await answer.json(), update);
      showConnection(true);
    } catch {
      showConnection(false);
      await new Promise((done) => setTimeout(done, AGAIN_MS));
    }
  }
}

async function take(changes, update) {
  if (changes.version === index.version) return;
  Object.assign(index, { version: changes.version, problems: changes.problems, costs: changes.costs });
  const changed = takeRows(changes.rows);
  refreshFilters();
  update();
  if (route().some((handle) => changed.has(handle))) await followAddress({ again: true });
}

function showConnection(connected) {
  $("live").textContent = connected ? "● live" : "○ disconnected";
  $("live").classList.toggle("gone", !connected);
}
