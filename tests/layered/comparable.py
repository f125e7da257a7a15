"""Events and spans without what differs from one process to the next: times, ids of spans, ports."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from differential.describe import scrub

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TIMES = {
    "time",
    "started_at",
    "ended_at",
    "created_at",
    "completed_at",
    "first_output_at",
    "seen_at",
    "server_time",
}
OF_THE_MOMENT = TIMES | {"time_spent", "server_port", "request_id"}
OF_THE_MOMENT_IN_SPANS = re.compile(r"(^|[._])(time|duration)(_|$)|stacktrace")
OPENAI_ID = re.compile(r"\b(run|thread|msg|asst|step|call|file)_[0-9A-Za-z]{24}\b")


def comparable_event(value: Any) -> Any:
    """An event as JSON; its ids are the server's own, which repeat themselves."""
    if isinstance(value, dict):
        return {key: comparable_event(item) for key, item in value.items() if key not in OF_THE_MOMENT}
    if isinstance(value, list):
        return [comparable_event(item) for item in value]
    return scrub(value) if isinstance(value, str) else value


def by_run(events: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The events of each run in their order, with the end of the turn that it begins; the rest together.

    A run ends a moment after its last fact, so that how the events of several runs mix is left to chance.
    """
    found = defaultdict(list)
    for event in events:
        run = event.get("run") or event.get("turn") or {}
        found[event.get("run_id") or run.get("id") or "no run"].append(event)
    return dict(found)


def without_ids(events: list[dict[str, Any]]) -> str:
    """A run's events with ids by their order, for where the server gave other ids.

    Without the run's input: what stood on its thread before depends on the runs before it.
    """
    names: dict[str, str] = {}

    def name(found: re.Match[str]) -> str:
        return names.setdefault(found[0], f"{found[1]} {len(names)}")

    def kept(event: dict[str, Any]) -> dict[str, Any]:
        return {**event, "run": {**event["run"], "input": None}} if "run" in event else event

    return OPENAI_ID.sub(name, json.dumps([kept(event) for event in events], sort_keys=True))


def comparable_spans(spans: Sequence[Any]) -> Iterator[str]:
    """What a span says, and the name of the span above it."""
    names = {span.context.span_id: span.name for span in spans}
    for span in spans:
        told = {
            "name": span.name,
            "scope": span.instrumentation_scope.name,
            "kind": span.kind.name,
            "parent": names.get(span.parent.span_id, "unfinished") if span.parent else None,
            "status": [span.status.status_code.name, span.status.description],
            "attributes": _lasting(span.attributes),
            "events": [[event.name, _lasting(event.attributes)] for event in span.events],
            "links": len(span.links),
        }
        yield scrub(json.dumps(told, sort_keys=True, default=str))


def _lasting(attributes: Any) -> dict[str, Any]:
    return {key: value for key, value in attributes.items() if not OF_THE_MOMENT_IN_SPANS.search(key)}
