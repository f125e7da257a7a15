"""Photograph the page of `threadtrail view` for the documentation, in Chromium.

    make photographs-view

The recording is always the same, so the photographs only change if the page does.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photographed_runs import lines

from threadtrail import cli

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
MAX_BYTES = 200_000
WIDE = {"width": 1280, "height": 760}
HOSTED, OWN = 7, 3
"""The number of tool calls in the samples with tools of the server, and of the app."""
PHONE = {"width": 390, "height": 844}


def main() -> None:
    """Take all photographs."""
    playwright = importlib.import_module("playwright.sync_api")
    with tempfile.TemporaryDirectory() as folder, playwright.sync_playwright() as started:
        page = made(Path(folder))
        # A browser that is run by root, as in a container, has no sandbox.
        browser = started.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        photograph(browser, page, "view-runs", show_runs)
        photograph(browser, page, "view-turn", show_turn)
        photograph(browser, page, "view-dark", show_tools, color_scheme="dark")
        photograph(browser, page, "view-compare", show_two)
        photograph(browser, page, "view-phone", show_turn, viewport=PHONE, device_scale_factor=1.5)
        browser.close()


def made(folder: Path) -> str:
    """Make the page, and return its address."""
    recording, page = folder / "travel-desk.jsonl", folder / "page.html"
    recording.write_text("".join(lines()), encoding="utf-8")
    if cli.main(["view", str(recording), "--output", str(page)]):
        sys.exit("the page could not be made")
    return page.as_uri()


def photograph(browser: Any, address: str, name: str, show: Callable[[Any], None], **how: Any) -> None:
    """Take a photograph of the page in a new window."""
    options = {"viewport": WIDE, "color_scheme": "light", "timezone_id": "UTC", **how}
    context = browser.new_context(**options)
    page = context.new_page()
    page.goto(address)
    page.locator("#rows [role=row]").first.wait_for()
    show(page)
    picture = PICTURES / f"{name}.png"
    page.screenshot(path=picture, animations="disabled")
    context.close()
    size = picture.stat().st_size
    print(f"{picture.relative_to(ROOT)}: {size} bytes")
    if size > MAX_BYTES:
        sys.exit(f"more than {MAX_BYTES}")


def show_runs(page: Any) -> None:
    """Unfold a turn in the list."""
    page.locator("#rows .fold").first.click()


def show_turn(page: Any) -> None:
    """Open a turn whose calls were answered, one of them by a person."""
    page.get_by_role("searchbox").fill("weather")
    page.locator("#rows [aria-expanded]").first.click()
    page.locator("#detail .waterfall").wait_for()
    page.mouse.move(0, 0)


def show_tools(page: Any) -> None:
    """Point at a tool of the server."""
    page.evaluate(
        "address => { location.hash = address; }", address_of(page, lambda row: row["calls"] == HOSTED)
    )
    page.locator("button.lane", has_text="code_interpreter").hover()


def show_two(page: Any) -> None:
    """Set a run of an assistant beside a turn of responses."""
    one = address_of(page, lambda row: row["name"] == "Route planner" and row["calls"] == OWN)
    other = address_of(page, lambda row: row["kind"] == "turn")
    page.evaluate("address => { location.hash = address; }", f"{one}|{other}")
    page.get_by_text("Side by side").wait_for()


def address_of(page: Any, wanted: Callable[[dict[str, Any]], bool]) -> str:
    """Return the handle of the last row that is wanted."""
    index = page.evaluate("JSON.parse(document.getElementById('index').textContent)")
    rows = [dict(zip(index["fields"], row, strict=True)) for row in index["rows"]]
    return str([row["handle"] for row in rows if wanted(row)][-1])


if __name__ == "__main__":
    main()
