"""Send the recorded turn to a real Phoenix and a real MLflow, and photograph what they show of it.

    make photographs

Both are started from their packages, as for the exporter's tests. The browser is the `chromium` of the
machine (Debian: `apt install chromium`), else the one that Playwright has installed.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from picture_spans import kept_spans, recorded_events
from threadtrail_opentelemetry import OpenTelemetryExporter

from threadtrail.config.settings import Settings

ROOT = Path(__file__).parent.parent

if TYPE_CHECKING:
    from collections.abc import Callable

PICTURES = ROOT / "docs" / "pictures"
MAX_BYTES = 150_000
SUITES = (ROOT / "tests", ROOT / "plugins" / "threadtrail-opentelemetry" / "tests")
"""The folders of the tests that start the backends."""
WIDTH, HEADER, MARGIN = 1440, 48, 36
"""The width of a page, the height of its header, and the margin around a part of it, in pixels."""
EXPERIMENT = "0"
TRACE_ID = str(kept_spans("opentelemetry")[0]["trace_id"])
VARIABLES = {
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_RESOURCE_ATTRIBUTES": "openinference.project.name=weather",
}


def main() -> None:
    """Take both photographs."""
    os.environ |= VARIABLES
    sys.path += map(str, SUITES)
    playwright = importlib.import_module("playwright.sync_api")
    with playwright.sync_playwright() as started:
        # A browser that is run by root, as in a container, has no sandbox.
        browser = started.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        for show in (phoenix, mlflow):
            photograph(browser, show)
        browser.close()


def photograph(browser: Any, show: Callable[[Any, str], dict[str, float]]) -> None:
    """Start a backend, send the turn, and keep the part of its page that `show` returns."""
    server = importlib.import_module(f"{show.__name__}_server")
    picture = PICTURES / f"{show.__name__}-turn.png"
    with tempfile.TemporaryDirectory() as folder, server.running(Path(folder)) as running:
        send(running.base_url)
        page = browser.new_page(viewport={"width": WIDTH, "height": 1050}, color_scheme="light")
        page.screenshot(path=picture, clip=show(page, running.base_url), animations="disabled")
        page.close()
    size = picture.stat().st_size
    print(f"{picture.relative_to(ROOT)}: {size} bytes")
    if size > MAX_BYTES:
        sys.exit(f"more than {MAX_BYTES}")


def send(base_url: str) -> None:
    """Export the turn with its messages."""
    exporter = OpenTelemetryExporter(
        endpoint=base_url,
        headers={"x-mlflow-experiment-id": EXPERIMENT},
        message_content="SPAN_ONLY",
    )
    exporter.start(Settings())
    events = recorded_events()
    exporter.export(events, [None] * len(events))
    if not exporter.flush(60.0):
        sys.exit(f"{base_url} did not take the turn")
    exporter.shutdown(60.0)


def phoenix(page: Any, base_url: str) -> dict[str, float]:
    """Open the trace, and in it the response that has the answer."""
    page.goto(f"{base_url}/redirects/traces/{TRACE_ID}")
    page.get_by_text("threadtrail.turn.status").wait_for()
    page.get_by_text("chat gpt-4o").last.click()
    page.get_by_text("Tool Result").last.wait_for()
    page.mouse.move(0, 0)
    left = page.get_by_placeholder("Search trace").bounding_box()["x"] - 8
    height = bottom_of(page.get_by_text("Rome is warmer").first) - HEADER
    return {"x": left, "y": HEADER, "width": WIDTH - left, "height": height}


def mlflow(page: Any, base_url: str) -> dict[str, float]:
    """Open the trace, with its question and its answer."""
    page.set_viewport_size({"width": WIDTH + 160, "height": 800})  # else its header overlaps
    page.goto(f"{base_url}/#/experiments/{EXPERIMENT}/traces?selectedEvaluationId=tr-{TRACE_ID}")
    page.get_by_text("execute_tool get_weather").last.wait_for()
    right = page.get_by_text("Analyze trace").bounding_box()
    width = right["x"] + right["width"] + 2 * MARGIN
    return {"x": 0, "y": 0, "width": width, "height": bottom_of(page.get_by_text("Rome is warmer").last)}


def bottom_of(part: Any) -> float:
    """Return the lower end of a part of a page, with a margin."""
    part.wait_for()
    box = part.bounding_box()
    return float(box["y"] + box["height"] + MARGIN)


if __name__ == "__main__":
    main()
