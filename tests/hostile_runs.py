"""Runs in which every text tries to break out of the page that shows it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from threadtrail.events import Event
from threadtrail.testing import samples
from threadtrail.values import Message, Step, TextPart, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterator

BREAKS_OUT = (
    "</script><script>window.pwned=1</script><img src=x onerror=window.pwned=1>"
    "<svg onload=window.pwned=1>\"'`${window.pwned=1}{{script}}<!--<script>]]>"
    "\x1b[31m\x1b]8;;http://127.0.0.1:9/\x07\x00\x08\u202egnp.exe\u2066\u200e\u2028\u2029\ufeff\U000e0041"
    "javascript:window.pwned=1"
)
REMOTE = "http://127.0.0.1:9/pixel.png"
KEPT = frozenset({"event", "type"})
"""What says which class a value has."""

MEGABYTE = 1_000_000


def hostile_events() -> Iterator[Event]:
    """Yield the events of the samples, with the text in every name, id, status, key and content."""
    runs = samples.sample_runs()
    events = [event for run in runs.values() for event in samples.events_of(run)]
    events += samples.events_of_turn(runs["answered_calls"], runs["answering_response"])
    for number, event in enumerate([*samples.sample_events(), *events]):
        yield Event.from_json(json.dumps(_poisoned(json.loads(event.to_json()), number)))


def _poisoned(value: Any, number: int, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _poisoned(item, number, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_poisoned(item, number) for item in value]
    if not isinstance(value, str) or key in KEPT:
        return value
    if key == "url":
        return REMOTE if number % 2 else "javascript:window.pwned=1"
    return f"{value}{BREAKS_OUT}"


def long_answer() -> tuple[Event, ...]:
    """Return a run whose answer has 5 MB: a line without end, many lines, and many control characters."""
    run = samples.sample_runs()["plain_answer"]
    text = "x" * MEGABYTE + "line of an answer\n" * (3 * MEGABYTE // 18) + "a\x1b" * (MEGABYTE // 2)
    message = replace(run.output[0], parts=(TextPart(text=text),))
    return samples.events_of(replace(run, id="run_long_answer", output=(message,)))


def many_steps(count: int = 3_000) -> tuple[Event, ...]:
    """Return a run of so many steps, each with a call whose arguments are nested."""
    run = samples.sample_runs()["plain_answer"]
    start = run.created_at or 0
    length = 1_000_000_000
    nested = "[" * 500 + "]" * 500
    steps = tuple(
        Step(
            id=f"step_{number}",
            kind="tool_calls",
            status="completed",
            started_at=start + number * length,
            ended_at=start + (number + 1) * length,
            tool_calls=(
                ToolCall(
                    id=f"call_{number}",
                    kind="function",
                    name=f"tool_{number % 7}",
                    arguments=nested,
                    output=f"output {number}",
                    started_at=start + number * length,
                    ended_at=start + (number + 1) * length,
                ),
            ),
        )
        for number in range(count)
    )
    whole = replace(run, id="run_many_steps", steps=steps, ended_at=start + count * length)
    return samples.events_of(whole)


def right_to_left() -> tuple[Event, ...]:
    """Return a run whose question and tags are written from right to left."""
    run = samples.sample_runs()["plain_answer"]
    question = Message(role="user", parts=(TextPart(text="مرحبا، كم الساعة؟ 12:30"),))
    return samples.events_of(replace(run, id="run_right_to_left", input=(question,)))
