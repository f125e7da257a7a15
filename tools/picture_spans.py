"""The recorded turn of the pictures, and its spans as the pictures keep them.

The suites of the exporters use it: each exports the turn and compares what its backend receives.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadtrail.exporters.jsonl import read_events

if TYPE_CHECKING:
    from collections.abc import Iterable

    from threadtrail.events import Event
    from threadtrail.testing.otlp import ReceivedSpan

PICTURES = Path(__file__).parent / "pictures"


def recorded_events() -> tuple[Event, ...]:
    """Return the events of the recorded turn."""
    return tuple(read_events(PICTURES / "one-turn.jsonl"))


def kept_spans(backend: str) -> list[dict[str, Any]]:
    """Return the spans of the turn that are drawn for this backend."""
    spans: list[dict[str, Any]] = json.loads((PICTURES / f"{backend}.json").read_text(encoding="utf-8"))
    return spans


def keep_spans(backend: str, spans: list[dict[str, Any]]) -> None:
    """Replace the spans of the turn that are drawn for this backend."""
    text = json.dumps(spans, indent=1, ensure_ascii=False)
    (PICTURES / f"{backend}.json").write_text(f"{text}\n", encoding="utf-8")


def kept_span(span: ReceivedSpan, kind: str, **more: Any) -> dict[str, Any]:
    """Return a span as it is kept; ``kind`` is the backend's own word."""
    return {
        "name": span.name,
        "kind": kind,
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "parent_id": span.parent_id,
        "start": span.start,
        "end": span.end,
        **more,
    }


def chosen(attributes: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the attributes of these names that a span has."""
    return {name: attributes[name] for name in names if name in attributes}
