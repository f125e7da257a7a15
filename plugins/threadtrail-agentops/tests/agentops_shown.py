"""What AgentOps' backend shows of the spans that it received, computed as its API does."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from threadtrail.testing.otlp import ReceivedSpan

if TYPE_CHECKING:
    from collections.abc import Sequence

SUFFIXES = (".session", ".agent", ".tool", ".task", ".operation", ".workflow")
FIRST_KEYS = {"gen_ai": "llm", "agent": "agent", "tool": "tool"}
TOKENS = ("prompt", "completion", "total", "cache_read_input", "cache_creation_input", "reasoning")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One trace in the list. ``types`` counts the spans of each type; ``tokens`` are summed over all."""

    name: str
    status: str
    seconds: float
    tags: tuple[str, ...]
    types: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    spans: tuple[ReceivedSpan, ...] = ()


def shown(spans: Sequence[ReceivedSpan]) -> list[Shown]:
    """Return all traces, by the time they began."""
    traces: dict[str, list[ReceivedSpan]] = {}
    for span in spans:
        traces.setdefault(span.trace_id, []).append(span)
    return sorted(map(_trace, traces.values()), key=lambda trace: trace.spans[0].start)


def type_of(span: ReceivedSpan) -> str:
    """Return the visual type: by the name's suffix, else a model call if anything is gen_ai, else by key."""
    for suffix in SUFFIXES:
        if span.name.endswith(suffix):
            return suffix[1:]
    tops = [key.partition(".")[0] for key in span.attributes]
    if "gen_ai" in tops:
        return "llm"
    return next((FIRST_KEYS[top] for top in tops if top in FIRST_KEYS), "other")


def _trace(spans: list[ReceivedSpan]) -> Shown:
    first = min(spans, key=lambda span: span.start)
    last = max(spans, key=lambda span: span.start)
    # A tie would let the database choose.
    assert [span.start for span in spans].count(first.start) == 1, [span.name for span in spans]
    assert [span.start for span in spans].count(last.start) == 1, [span.name for span in spans]
    types: dict[str, int] = {}
    for span in spans:
        types[type_of(span)] = types.get(type_of(span), 0) + 1
    return Shown(
        name=first.name,
        status=last.status,
        seconds=(last.start - first.start) / 1e9,
        tags=_tags(first),
        types=types,
        tokens={name: _sum(spans, f"gen_ai.usage.{name}_tokens") for name in TOKENS},
        spans=tuple(sorted(spans, key=lambda span: span.start)),
    )


def _tags(span: ReceivedSpan) -> tuple[str, ...]:
    """The store keeps text only, so a list (the native SDK's) becomes JSON there."""
    tags = span.attributes.get("agentops.tags", "[]")
    return tuple(json.loads(tags) if isinstance(tags, str) else tags)


def _sum(spans: list[ReceivedSpan], key: str) -> int:
    return sum(span.attributes.get(key, 0) for span in spans)
