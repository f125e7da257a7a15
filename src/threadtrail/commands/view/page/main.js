// Starts the page, and updates it when something is chosen.

import { $ } from "./dom.js";
import { index } from "./data.js";
import { buildFilters, showFilters } from "./filters.js";
import { buildHelp } from "./help.js";
import { buildKeys } from "./keys.js";
import { buildList, refresh, select } from "./list.js";
import { follow } from "./live.js";
import { followAddress } from "./reader.js";
import { go, route } from "./route.js";
import { onChange } from "./state.js";
import { plain } from "./text.js";
import { buildTheme } from "./theme.js";
import { buildTimeline } from "./timeline.js";
import { showTotals } from "./totals.js";

buildTheme();
$("title").textContent = plain(index.title);
document.title = plain(index.title);
buildList();
buildFilters();
buildTimeline();
buildHelp();
buildKeys();

function update() {
  $("problems").hidden = index.problems.length === 0;
  $("problems").textContent = index.problems.map(plain).join("\n");
  showFilters();
  showTotals(refresh());
}

onChange(update);
update();

$("runs").addEventListener("choose", (event) => {
  if (route().length === 1 && route()[0] === event.detail) select(event.detail);
  else go(event.detail);
});
addEventListener("hashchange", () => followAddress());
await followAddress();
if (document.activeElement === document.body) $("runs").focus({ focusVisible: false });
performance.mark("threadtrail-ready");
follow(update);
