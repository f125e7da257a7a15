"""The documentation's picture of one turn shows what Langfuse receives of it, to the nanosecond."""

from __future__ import annotations

from picture_spans import kept_spans, recorded_events

from langfuse_picture import received


def test_the_picture_shows_what_is_received() -> None:
    assert received(recorded_events()) == kept_spans("langfuse"), "run: make pictures"
