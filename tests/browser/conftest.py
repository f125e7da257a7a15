"""A real Chromium that opens pages which `threadtrail view` made."""

from __future__ import annotations

import importlib
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from opened_pages import Opened
from threadtrail import cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from threadtrail.events import Event


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = importlib.import_module("playwright.sync_api")  # which is not where the other tests run
    with playwright.sync_playwright() as started:
        # A browser that is run by root, as in a container, has no sandbox.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        running = started.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        yield running
        running.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Opened]]:
    """Open an address; at the end of the test each page must have been quiet."""
    opened: list[Opened] = []

    def visit(address: str, **how: Any) -> Opened:
        opened.append(Opened(browser, address, **how))
        return opened[-1]

    yield visit
    for each in opened:
        each.close()


def written(path: Path, events: Iterable[Event]) -> Path:
    path.write_text("".join(f"{event.to_json()}\n" for event in events), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def page_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Make the page of some events with the command, and return its address."""

    def page_of(events: Iterable[Event], *options: str) -> str:
        folder = tmp_path_factory.mktemp("page")
        recording = written(folder / "runs.jsonl", events)
        assert cli.main(["view", str(recording), "--output", str(folder / "page.html"), *options]) == 0
        return (folder / "page.html").as_uri()

    return page_of
