"""What each backend received of the recorded turn, as rows to draw, with its own names and counts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RECEIVED = Path(__file__).parent / "pictures"

Kind = Literal["trace", "agent", "generation", "tool", "status"]
Span = dict[str, Any]
"""One span as a ``*_picture.py`` of an exporter's suite tells it."""

OPERATIONS: dict[str, Kind] = {"invoke_agent": "agent", "chat": "generation", "execute_tool": "tool"}
TYPES: dict[str, Kind] = {
    "session": "trace",
    "agent": "agent",
    "llm": "generation",
    "tool": "tool",
    "operation": "status",
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a backend's tree.

    Attributes:
        kind: the part of the turn that it shows; the same in all backends.
        depth: its level in the tree.
        name: pieces of its name, and whether each of them is the backend's word for the kind.
        fact: one of its fields in the backend, and the value.
        interval: start and end in Unix nanoseconds; ``None`` if it is not a span.
        moments: points in time, in Unix nanoseconds.
        tokens: the tokens on it.
    """

    kind: Kind
    depth: int
    name: tuple[tuple[str, bool], ...]
    fact: tuple[str, str]
    interval: tuple[int, int] | None = None
    moments: tuple[int, ...] = ()
    tokens: int | None = None

    @property
    def title(self) -> str:
        """Its name as one text."""
        return "".join(text for text, _ in self.name)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One backend: its name, what it received, and how it adds up the turn's tokens."""

    backend: str
    received: str
    counted: str
    trace_ids: frozenset[str]
    rows: tuple[Row, ...]

    @property
    def tokens(self) -> int:
        """The tokens that the turn used, by the backend."""
        return sum(row.tokens or 0 for row in self.rows)


def panels() -> list[Panel]:
    """Return a panel for each backend, from what its receiver decoded."""
    return [
        _panel("OpenTelemetry", "spans", "sum of its chat spans", _opentelemetry),
        _panel("Langfuse", "observations", "sum of its generations", _langfuse),
        _panel("AgentOps", "spans", "sum of its spans", _agentops),
    ]


def _panel(backend: str, noun: str, counted: str, rows: Callable[[Sequence[Span]], list[Row]]) -> Panel:
    spans = json.loads((RECEIVED / f"{backend.lower()}.json").read_text(encoding="utf-8"))
    return Panel(
        backend=backend,
        received=f"{len(spans)} {noun}",
        counted=counted,
        trace_ids=frozenset(span["trace_id"] for span in spans),
        rows=tuple(rows(spans)),
    )


# --- OpenTelemetry -------------------------------------------------------------------------------


def _opentelemetry(spans: Sequence[Span]) -> list[Row]:
    moments = [event["time"] for span in spans for event in span["events"]]
    (event,) = {event["name"] for span in spans for event in span["events"]}
    trace = Row(kind="trace", depth=0, name=(("trace", True),), fact=("", spans[0]["trace_id"]))
    status = Row(
        kind="status",
        depth=3,
        name=((f"{len(moments)} span events", True),),
        fact=("", event),
        moments=tuple(moments),
    )
    return [trace, *(_otel_span(span, _depth(span, spans) + 1) for span in spans), status]


def _otel_span(span: Span, depth: int) -> Row:
    facts = span["facts"]
    operation = facts["gen_ai.operation.name"]
    tokens = _usage(facts, "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens")
    if tokens is not None:
        fact = ("gen_ai.usage", "{} input · {} output".format(*tokens))
    elif "gen_ai.tool.type" in facts:
        fact = ("gen_ai.tool.type", facts["gen_ai.tool.type"])
    else:
        fact = ("gen_ai.request.model", facts["gen_ai.request.model"])
    return Row(
        kind=OPERATIONS[operation],
        depth=depth,
        name=((operation, True), (span["name"].removeprefix(operation), False)),
        fact=fact,
        interval=(span["start"], span["end"]),
        tokens=sum(tokens) if tokens else None,
    )


# --- Langfuse ------------------------------------------------------------------------------------


def _langfuse(spans: Sequence[Span]) -> list[Row]:
    events = [span for span in spans if span["kind"] == "event"]
    others = [span for span in spans if span["kind"] != "event"]
    statuses = [span["name"].rpartition(".")[2] for span in events]
    trace = Row(
        kind="trace",
        depth=0,
        name=(("trace", True), (f" {spans[0]['name']}", False)),
        fact=("session", spans[0]["facts"]["session.id"]),
    )
    status = Row(
        kind="status",
        depth=_depth(events[0], spans) + 1,
        name=(("EVENT", True), (" response.*", False)),
        fact=(f"{len(events)} events", f"{statuses[0]}, … {statuses[-1]}"),
        moments=tuple(span["start"] for span in events),
    )
    return [trace, *(_observation(span, _depth(span, spans) + 1) for span in others), status]


def _observation(span: Span, depth: int) -> Row:
    kind, facts = span["kind"], span["facts"]
    usage = facts.get("usage_details")
    if usage is not None:
        fact = ("usage", f"{usage['input']} input · {usage['output']} output")
    else:
        field = "output" if kind == "tool" else "input"
        fact = (field, facts[field])
    return Row(
        kind=kind,
        depth=depth,
        name=((kind.upper(), True), (f" {span['name']}", False)),
        fact=fact,
        interval=(span["start"], span["end"]),
        tokens=usage and usage["total"],
    )


# --- AgentOps ------------------------------------------------------------------------------------


def _agentops(spans: Sequence[Span]) -> list[Row]:
    return [_agentops_span(span, _depth(span, spans)) for span in spans]


def _agentops_span(span: Span, depth: int) -> Row:
    facts = span["facts"]
    name, _, suffix = span["name"].rpartition(".")
    usage = _usage(facts, "gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens")
    if usage is not None:
        fact = ("gen_ai.usage", "{} prompt · {} completion".format(*usage))
    else:
        known = ((field, str(facts[field])) for field in facts)
        fact = next(known, ("status", span["status"]))
    point = span["start"] == span["end"]
    return Row(
        kind=TYPES[span["kind"]],
        depth=depth,
        name=((name, False), (f".{suffix}", True)),
        fact=fact,
        interval=None if point else (span["start"], span["end"]),
        moments=(span["start"],) if point else (),
        tokens=facts.get("gen_ai.usage.total_tokens"),
    )


# --- all -----------------------------------------------------------------------------------------


def _usage(facts: dict[str, Any], *fields: str) -> tuple[int, ...] | None:
    """Return the values of those of these fields that are there."""
    return tuple(facts[field] for field in fields) if set(fields) <= facts.keys() else None


def _depth(span: Span, spans: Sequence[Span]) -> int:
    """Return how many spans are above it; raise KeyError if its parent was not received."""
    parents = {each["span_id"]: each["parent_id"] for each in spans}
    depth, identifier = 0, span["span_id"]
    while (identifier := parents[identifier]) is not None:
        depth += 1
    return depth
