"""A page in a real browser, and everything that it did apart from being shown."""

from __future__ import annotations

import time
from typing import Any

MAX_SECONDS = 240
"""How long the browser may take for anything: a bound for what never comes, not a measure."""

LOOK_EVERY_MS = 20

WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(event.violatedDirective);
});
"""


class Opened:
    """A page that was opened, in a window of its own."""

    def __init__(
        self, browser: Any, address: str, *, width: int = 1280, height: int = 800, **how: Any
    ) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": height}, **how)
        self.context.set_default_timeout(MAX_SECONDS * 1_000)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", self._dismiss)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.add_init_script(WATCH)
        self.page.goto(address)
        self.ready()

    def _dismiss(self, dialog: Any) -> None:
        self.said.append(dialog.message)
        dialog.dismiss()

    def ready(self) -> None:
        self.until("performance.getEntriesByName('threadtrail-ready').length > 0")

    def until(self, script: str, argument: Any = None) -> None:
        """Wait until a script is true; the browser's own waiting would be against the page's policy."""
        end = time.monotonic() + MAX_SECONDS
        while not self.page.evaluate(script, argument):
            assert time.monotonic() < end, script
            self.page.wait_for_timeout(LOOK_EVERY_MS)

    def opened_after(self) -> float:
        """How long it took from the address to the list, in milliseconds."""
        script = "performance.getEntriesByName('threadtrail-ready')[0].startTime"
        return float(self.page.evaluate(script))

    def total(self, label: str) -> str:
        return str(self.page.locator(f"#totals div:has(dt:text-is('{label}')) dd").inner_text())

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        script = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.page.evaluate(script))

    def close(self) -> None:
        """Fail if the page did anything that it must not do."""
        violations = self.page.evaluate("window.violations")
        self.context.close()
        assert violations == []
        assert self.said == []
