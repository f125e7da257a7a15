"""The events that the kit publishes: equal runs with different ids, unusual runs, an unknown event."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from threadtrail._frozen import freeze
from threadtrail.events import (
    Event,
    Message,
    OtherPart,
    Run,
    RunEnded,
    RunRequest,
    Step,
    TextPart,
    ToolCall,
    ToolCallCompleted,
    TurnEnded,
    Usage,
)
from threadtrail.testing.samples import events_of, events_of_turn, sample_runs
from threadtrail.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAIN = "plain_answer"
ODD_TEXT = "☃ e\u0301 \U0001f9ee \u202eleft\u202c \ufffd \x00\x1b[31m\r\n\t'one' \"two\" <b>&amp;</b> {0} %s"
"""Valid Unicode, as all text of events is, with characters that are often handled wrongly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FromTheFuture(Event):
    """An event class that no exporter has, like one of a later version of threadtrail."""

    event: Literal["FromTheFuture"] = "FromTheFuture"
    type: str = "thread.from_the_future"
    run_id: str
    novelty: str


def run_id(number: int) -> str:
    """Return the id of a numbered run."""
    return f"run_conformance{number:03}"


def numbered_run(sample: str, number: int) -> Run:
    """Return a sample run with ids for this number; runs of different numbers differ only in ids."""
    runs = sample_runs()
    if sample not in runs:
        raise ValueError(f"sample={sample!r}: no such sample run. Choose one of {', '.join(runs)}.")
    run = replace(runs[sample], id=f"run_{sample}")  # every kind of run has the same kind of id
    text = RunEnded(time=0, run=run).to_json()
    return RunEnded.from_json(text.replace(f"_{sample}", f"_conformance{number:03}")).run


def story(sample: str, number: int, *, trace_id: str | None = None) -> tuple[Event, ...]:
    """Return all events of a numbered run."""
    return events_of(numbered_run(sample, number), trace_id=trace_id)


def unknown_event() -> FromTheFuture:
    """Return an event of a class that no exporter has."""
    return FromTheFuture(
        time=story(PLAIN, 1)[0].time, run_id=run_id(1), novelty="what nobody has thought of yet"
    )


def kinds_of_run() -> Iterator[tuple[str, Run]]:
    """Yield every sample run and some unusual ones, each with its name."""
    yield from sample_runs().items()
    plain = sample_runs()[PLAIN]
    odd_call = ToolCall(id="call_odd", kind=ODD_TEXT, name=ODD_TEXT, arguments=ODD_TEXT, output="")
    new_call = ToolCall(
        id="call_new", kind="time_travel", name="time_travel", results=freeze([{"year": 1900}])
    )
    calls = Step(id="step_odd", kind="a_new_kind", tool_calls=(odd_call, new_call))
    new_part = OtherPart(type="hologram", data=freeze({"depth": [1, {"more": None}]}))
    yield "nothing known but the id", Run(id="run_bare", ended_at=plain.ended_at)
    yield (
        "one generation, and unknown kinds of items and tools",
        Run(id="resp_odd", ended_at=plain.ended_at, one_generation=True, steps=(calls,)),
    )
    yield (
        "no usage, assistant or model",
        replace(plain, id="run_poor", usage=None, assistant=None, model=None, request=RunRequest()),
    )
    yield "empty texts", replace(plain, id="run_empty", input=(), output=_saying(plain, ""))
    yield "odd Unicode", replace(plain, id="run_odd", output=_saying(plain, ODD_TEXT))
    yield "long texts", replace(plain, id="run_long", output=_saying(plain, "word " * 10_000))
    yield "unknown kinds of steps and tools", replace(plain, id="run_tools", steps=(calls,))
    yield (
        "unknown kinds of content",
        replace(
            plain, id="run_content", output=tuple(replace(each, parts=(new_part,)) for each in plain.output)
        ),
    )
    yield "an unknown status", replace(plain, id="run_status", status="pondering", finished=False)
    yield (
        "no tokens, no time passed",
        replace(plain, id="run_zero", usage=Usage(), ended_at=plain.created_at, steps=(), output=()),
    )


def kinds_of_turn() -> Iterator[tuple[str, tuple[Event, ...]]]:
    """Yield turns with what may come after a run was published, each with its name."""
    runs = sample_runs()
    asking, answering = runs["open_call"], replace(runs["answering_response"], turn_id="resp_open_call")
    (call,) = asking.tool_calls
    *before, ended = events_of_turn(asking, answering)
    for name, late in (
        ("an output that comes late", replace(call, output="9 °C", ended_at=asking.ended_at)),
        ("a call that nobody answers", replace(call, ended_at=asking.ended_at)),
    ):
        completed = ToolCallCompleted(time=ended.time, source=asking.source, run_id=asking.id, tool_call=late)
        yield name, (*before, completed, ended)
    yield "nothing known but the id", (TurnEnded(time=ended.time, turn=Turn(id="resp_bare_turn")),)


def _saying(run: Run, text: str) -> tuple[Message, ...]:
    return tuple(replace(message, parts=(TextPart(text=text),)) for message in run.output)
