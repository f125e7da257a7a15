"""Parts of the sample runs: one tutor, one thread, and fixed times."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from threadtrail._frozen import freeze
from threadtrail.values import (
    Assistant,
    Message,
    Part,
    Run,
    RunRequest,
    StatusChange,
    Step,
    TextPart,
    ToolCall,
    Usage,
)

BEGIN = 1_735_732_800_000_000_000  # 2025-01-01 12:00:00 UTC
MODEL = "gpt-4o"

TUTOR = Assistant(
    id="asst_tutor",
    name="Math Tutor",
    model=MODEL,
    instructions="You are a personal math tutor. Answer questions briefly, in a sentence or less.",
    tools=freeze([{"type": "code_interpreter"}]),
    created_at=BEGIN - 3_000_000_000,
)


def at(seconds: float) -> int:
    """Return the time, in Unix nanoseconds, this number of seconds after the samples begin."""
    return BEGIN + round(seconds * 1_000_000_000)


def user_message(identity: str, text: str) -> Message:
    """Return a message of the user, as the API returns it."""
    return Message(
        id=identity,
        role="user",
        thread_id="thread_sample",
        parts=(TextPart(text=text),),
        created_at=at(-1.0),
    )


def tokens(read: int, written: int, **parts: int) -> Usage:
    return Usage(input_tokens=read, output_tokens=written, total_tokens=read + written, **parts)


def history(learnt_from: str, *changes: tuple[str, float]) -> tuple[StatusChange, ...]:
    """Return status changes with their times; the first change of a polled run is from its creation."""
    learnt = ["create" if learnt_from == "poll" else learnt_from, *[learnt_from] * len(changes)]
    return tuple(
        StatusChange(status=status, time=at(time), learnt_from=how, type=f"thread.run.{status}")
        for (status, time), how in zip(changes, learnt, strict=False)
    )


def tutor_run(name: str, question: str, history: tuple[StatusChange, ...], **known: Any) -> Run:
    """Return a finished run of the tutor with what all samples share; ``known`` are further fields."""
    started = [change.time for change in history if change.status == "in_progress"]
    run = Run(
        id=f"run_{name}",
        thread_id="thread_sample",
        assistant=TUTOR,
        model=MODEL,
        request=RunRequest(model=MODEL, instructions=TUTOR.instructions, tool_names=("code_interpreter",)),
        status=history[-1].status,
        status_history=history,
        finished=True,
        created_at=history[0].time,
        started_at=started[0] if started else None,
        ended_at=history[-1].time,
        input=(user_message(f"msg_{name}_question", question),),
        poll_count=len(history),
    )
    return replace(run, **known)


def answer_message(name: str, time: float, *parts: Part, **known: Any) -> Message:
    answer = Message(
        id=f"msg_{name}_answer",
        role="assistant",
        thread_id="thread_sample",
        run_id=f"run_{name}",
        assistant_id=TUTOR.id,
        status="completed",
        parts=parts,
        created_at=at(time),
        completed_at=at(time),
    )
    return replace(answer, **known)


def answer_step(name: str, start: float, end: float, usage: Usage | None, **known: Any) -> Step:
    step = Step(
        id=f"step_{name}_answer",
        kind="message_creation",
        status="completed",
        message_id=f"msg_{name}_answer",
        usage=usage,
        started_at=at(start),
        ended_at=at(end),
    )
    return replace(step, **known)


def weather_call(identity: str, city: str, output: str | None, start: float, end: float | None) -> ToolCall:
    return ToolCall(
        id=identity,
        kind="function",
        name="get_weather",
        arguments=f'{{"city": "{city}"}}',
        output=output,
        started_at=at(start),
        ended_at=None if end is None else at(end),
        seen_live=True,
    )
