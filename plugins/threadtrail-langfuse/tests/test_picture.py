"""The documentation's picture of one run shows what Langfuse receives of it, to the nanosecond."""

from __future__ import annotations

import json
from pathlib import Path

from langfuse_picture import received
from threadtrail.exporters.jsonl import read_events

DRAWN_FROM = Path(__file__).parents[3] / "tools" / "pictures"


def test_the_picture_shows_what_is_received() -> None:
    drawn = json.loads((DRAWN_FROM / "langfuse.json").read_text(encoding="utf-8"))
    assert received(tuple(read_events(DRAWN_FROM / "one-run.jsonl"))) == drawn, "run: make pictures"
