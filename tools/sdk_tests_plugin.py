"""pytest plugin that turns threadtrail on before the SDK's tests are collected.

It asserts nothing itself: each process writes to the folder `SDK_TESTS_REPORT` what threadtrail did, and
`sdk_tests.py` refuses a run in which nothing was patched, nothing published, or an error contained.
"""

from __future__ import annotations

import collections
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import threadtrail
from threadtrail.events import RunEnded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.events import Event


class CountingExporter:
    """Counts the events of each source, and the runs."""

    def __init__(self) -> None:
        self.events: collections.Counter[str] = collections.Counter()
        self.runs = 0

    @threadtrail.hookimpl
    def export(self, events: Sequence[Event]) -> None:
        """Count a batch."""
        self.events.update(event.source for event in events)
        self.runs += sum(isinstance(event, RunEnded) for event in events)


_exporter = CountingExporter()

# At import, as a program would on its first line: a warning from here fails the whole suite.
threadtrail.instrument(exporters=[_exporter])


def pytest_unconfigure() -> None:
    """Write down what was patched, published and contained."""
    flushed = threadtrail.flush(timeout=30.0)
    status = threadtrail.status()
    activity = {
        "patched": len(status.patched),
        "events": _exporter.events.total() if flushed else 0,
        "runs": _exporter.runs,
        "internal errors": sum(status.contained.values()),
        "sources": sorted(_exporter.events) if flushed else [],
    }
    path = Path(os.environ["SDK_TESTS_REPORT"], f"{os.getpid()}.json")
    path.write_text(json.dumps(activity), encoding="utf-8")
