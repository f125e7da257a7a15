"""Recordings of made-up turns, so that all of their numbers are known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from threadtrail.events import Event, RunEnded, TurnEnded
from threadtrail.turn import turn_of
from threadtrail.values import Assistant, Failure, Message, Run, RunRequest, Step, TextPart, ToolCall, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SECOND = 1_000_000_000
START = 1_793_610_000 * SECOND  # 2026-11-02 09:00 UTC
MODEL = "gpt-4o"
TUTOR = "You are a math tutor."


def said(role: str, text: str) -> tuple[Message, ...]:
    return (Message(role=role, parts=(TextPart(text=text),)),)


def called(name: str, identity: str, *, failed: bool = False) -> tuple[Step, ...]:
    error = Failure(type="TimeoutError") if failed else None
    call = ToolCall(id=identity, kind="function", name=name, arguments="{}", output="4 degrees", error=error)
    return (Step(id=f"step_{identity}", kind="tool_calls", tool_calls=(call,)),)


def used(read: int, written: int, *, cached: int | None = None, reasoning: int | None = None) -> Usage:
    return Usage(
        input_tokens=read,
        output_tokens=written,
        total_tokens=read + written,
        cached_input_tokens=cached,
        reasoning_tokens=reasoning,
    )


def assistants_run(number: int, seconds: float, question: str, usage: Usage | None, **known: Any) -> RunEnded:
    """Return the end of a run of an assistant; each run begins a minute after the one before."""
    began = START + number * 60 * SECOND
    run = Run(
        id=f"run_{number}",
        assistant=Assistant(id="asst_1", name="Math Tutor", instructions=TUTOR, model=MODEL),
        model=MODEL,
        request=RunRequest(model=MODEL, instructions=TUTOR),
        status="completed",
        finished=True,
        created_at=began,
        ended_at=began + round(seconds * SECOND),
        input=said("user", question),
        output=said("assistant", f"Answer to {question}"),
        usage=usage,
        turn_id=f"run_{number}",
    )
    run = replace(run, **known)
    return RunEnded(time=run.ended_at or began, run=run, source="openai.assistants")


def response(
    number: int, seconds: float, question: str, usage: Usage | None, *, after: float = 0, **known: Any
) -> RunEnded:
    """Return the end of a response that began ``after`` seconds into its turn."""
    began = START + number * 60 * SECOND + round(after * SECOND)
    run = Run(
        id=f"resp_{number}",
        model=f"{MODEL}-2024-08-06",
        request=RunRequest(model=MODEL, instructions=TUTOR),
        status="completed",
        finished=True,
        created_at=began,
        ended_at=began + round(seconds * SECOND),
        answered_at=began + round(seconds * SECOND),
        input=said("user", question),
        output=said("assistant", f"Reply to {question}"),
        usage=usage,
        turn_id=f"resp_{number}",
        source="openai.responses",
        one_generation=True,
    )
    run = replace(run, **known)
    return RunEnded(time=run.ended_at or began, run=run, source="openai.responses")


def turn(*ends: RunEnded) -> tuple[Event, ...]:
    """Return the ends of the responses of one turn, and the end of the turn."""
    runs = [end.run for end in ends]
    return (*ends, TurnEnded(time=ends[-1].time, turn=turn_of(runs, finished=True), source=ends[0].source))


def written(path: Path, events: Iterable[Event]) -> Path:
    path.write_text("".join(f"{event.to_json()}\n" for event in events), encoding="utf-8")
    return path
