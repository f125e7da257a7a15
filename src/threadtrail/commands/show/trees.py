"""Prints the trees of a recording, as the exporter ``console`` does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from threadtrail.exporters.console import CONTENT_LENGTH, ConsoleExporter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.events import Event

BATCH = 128


def print_trees(events: Sequence[Event], *, color: bool, full: bool) -> None:
    """Print the trees of what ended in these events, then the trees of what is still open."""
    exporter = ConsoleExporter(
        stream="stdout",
        color="auto" if color else "never",
        content_length=sys.maxsize if full else CONTENT_LENGTH,
    )
    for start in range(0, len(events), BATCH):
        exporter.export(events[start : start + BATCH])
    exporter.shutdown()
