"""Reads the outputs of tool calls in a request, whichever way the app chains its responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.recording.facts import CallsAnswered
from threadtrail.sources.bodies import request_of
from threadtrail.sources.json_values import objects
from threadtrail.sources.openai_responses.calls import answer
from threadtrail.sources.openai_responses.conversations import ADD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.recording.observation import Call
    from threadtrail.values import ToolCall

MARKS = (b"_output", b"mcp_approval_response")
"""A request that contains outputs has one of these in its text."""


def outputs_brought(call: Call) -> Iterator[CallsAnswered]:
    """Yield the outputs in the input of a response, or among the items added to a conversation.

    The calls ended when the request was made. An app that sends the whole history each time sends the outputs
    of earlier requests again.
    """
    adds = call.operation.does == ADD
    if not (adds or call.operation.creates_run) or not _may_bring(call.request):
        return
    sent = request_of(call)
    answers = answers_in(sent.get("items" if adds else "input"), call.started_at)
    if answers:
        yield CallsAnswered(
            call=call,
            time=call.started_at,
            run_id=None,
            tool_calls=answers,
            thread_id=call.ids.get("thread_id") if adds else None,
        )


def outputs_listed(listed: list[Any], call: Call) -> Iterator[CallsAnswered]:
    """Yield the outputs in the listed input of a response that another process created."""
    answers = answers_in(listed, call.started_at)
    if answers:
        yield CallsAnswered(call=call, time=call.started_at, run_id=None, tool_calls=answers)


def answers_in(given: Any, time: int) -> tuple[ToolCall, ...]:
    """Return the calls that items answer; each holds its id, output and end (Unix nanoseconds)."""
    found = (answer(item, time) for item in objects(given))
    return tuple(each for each in found if each is not None)


def _may_bring(request: Any) -> bool:
    return any(mark in request for mark in MARKS) if isinstance(request, bytes) else bool(request)
