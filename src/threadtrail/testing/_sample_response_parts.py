"""Parts of the sample responses: one stored prompt, one conversation, and fixed times."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from threadtrail._frozen import freeze
from threadtrail.testing._sample_parts import at
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

SOURCE = "openai.responses"
ASKED_MODEL, MODEL = "gpt-5.2", "gpt-5.2-2025-12-11"
"""The requested model, and the dated name of the model that answers."""

CONVERSATION = "conv_sample"
BEGIN = 11.0
"""How many seconds after the other samples these begin."""

PROMPT = Assistant(
    id="pmpt_math_tutor",
    kind="prompt",
    version="3",
    model=ASKED_MODEL,
    instructions="You are a personal math tutor. Answer in {{language}}.",
)

REQUEST = RunRequest(model=ASKED_MODEL, background=False, store=True, service_tier="auto")

WEATHER: Any = freeze(
    {
        "type": "function",
        "name": "get_weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    }
)


def since(seconds: float) -> int:
    """Return the time, in Unix nanoseconds, this number of seconds after the sample responses begin."""
    return at(BEGIN + seconds)


def spent(read: int, written: int, *, cached: int = 0, cache_write: int = 0, reasoning: int = 0) -> Usage:
    """Return the tokens of a response, with all parts that the API gives."""
    return Usage(
        input_tokens=read,
        output_tokens=written,
        total_tokens=read + written,
        cached_input_tokens=cached,
        cache_write_input_tokens=cache_write,
        reasoning_tokens=reasoning,
    )


def statuses(*changes: tuple[str, float, str]) -> tuple[StatusChange, ...]:
    """Return status changes: each its status, its time in seconds, and how it was learnt."""
    return tuple(
        StatusChange(status=status, time=since(time), learnt_from=learnt, type=f"response.{status}")
        for status, time, learnt in changes
    )


def asked(name: str, *parts: Part, role: str = "user", **known: Any) -> Message:
    """Return a message of a response's input, which has no id until somebody lists it."""
    return Message(role=role, run_id=f"resp_{name}", parts=parts, **known)


def said(name: str, *parts: Part, **known: Any) -> Message:
    """Return the message that a response answers with."""
    answer = Message(
        id=f"msg_{name}", role="assistant", run_id=f"resp_{name}", status="completed", parts=parts
    )
    return replace(answer, **known)


def message_item(message: Message, index: int, **known: Any) -> Step:
    """Return the output item of a message."""
    item = Step(
        id=message.id,
        kind="message",
        status=message.status,
        message_id=message.id,
        index=index,
        phase=message.phase,
    )
    return replace(item, **known)


def call_item(call: ToolCall, kind: str, index: int, **known: Any) -> Step:
    """Return the output item of a tool call."""
    item = Step(id=call.item_id or call.id, kind=kind, status=call.status, tool_calls=(call,), index=index)
    return replace(item, **known)


def response(
    name: str, question: str, history: tuple[StatusChange, ...], *messages: Message, **known: Any
) -> Run:
    """Return a finished response with what all samples share; ``messages`` are what it says."""
    started = [change.time for change in history if change.status == "in_progress"]
    end = history[-1].time
    run = Run(
        id=f"resp_{name}",
        model=MODEL,
        request=REQUEST,
        status=history[-1].status,
        status_history=history,
        finished=True,
        created_at=history[0].time if len(history) > 1 else since(0.0),
        started_at=started[0] if started else None,
        ended_at=end,
        input=(asked(name, TextPart(text=question)),),
        output=messages,
        steps=tuple(message_item(message, index) for index, message in enumerate(messages)),
        source=SOURCE,
        stored=True,
        answered_at=end,
        service_tier="default",
        request_id=f"req_{name}",
        turn_id=f"resp_{name}",
        session_key=f"resp_{name}",
        one_generation=True,
    )
    return replace(run, **known)
