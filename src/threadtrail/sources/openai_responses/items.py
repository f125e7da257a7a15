"""Reads the output items of a response as facts: each is a step, with its call or its message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from threadtrail._frozen import freeze
from threadtrail.recording.facts import CallsAnswered, MessageSeen, StepSeen
from threadtrail.sources.json_values import text_or_none
from threadtrail.sources.openai_responses import contents, statuses
from threadtrail.sources.openai_responses.calls import CALLS, OUTPUTS, answer, error_of, tool_call
from threadtrail.values import Message, OtherPart, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.recording.facts import Fact
    from threadtrail.recording.observation import Call
    from threadtrail.values import Part

WITHOUT_DETAILS = frozenset({"message", "mcp_list_tools", "compaction", "additional_tools"})
"""Items whose content a step leaves out: messages are seen by themselves, the rest is not for reading."""


class Look(NamedTuple):
    """By which call, and when, items of a run were seen; ``live`` in a stream, as they were made."""

    call: Call
    time: int
    run_id: str
    live: bool = False


def item_facts(item: dict[str, Any], index: int, look: Look, *, done: bool) -> Iterator[Fact]:
    """Yield the facts of an output item; ``done`` says that it will not change."""
    kind = text_or_none(item.get("type")) or "unknown"
    identity = item_id(item, index, look.run_id)
    name = text_or_none(item.get("status"))
    ended = done or name in statuses.ITEM_ENDS
    call = tool_call(item, identity)
    step = Step(
        id=identity,
        kind=kind,
        status=name or ("completed" if ended else None),
        # A call is requested from the app when its item is whole, not when the model begins to write it.
        tool_calls=(call,) if call is not None and (ended or call.executed_by == "server") else (),
        message_id=identity if kind == "message" else None,
        error=error_of(item) if call is None else call.error,
        index=index,
        parts=_parts(item, kind),
        phase=text_or_none(item.get("phase")),
    )
    yield StepSeen(
        call=look.call,
        time=look.time,
        run_id=look.run_id,
        step=step,
        status=statuses.item_status(name, ended=ended),
        live=look.live,
        place=index,
    )
    if kind == "message":
        yield _message_seen(item, identity, index, look, done=ended)
    answered = answer(item, look.time)
    if answered is not None:
        yield CallsAnswered(call=look.call, time=look.time, run_id=look.run_id, tool_calls=(answered,))


def item_id(item: dict[str, Any], index: int, run_id: str) -> str:
    """Return the id of an output item, or one made of the run's id and its index if it has none."""
    return text_or_none(item.get("id")) or text_or_none(item.get("call_id")) or f"{run_id}/{index}"


def partial_message(
    run_id: str, identity: str, index: int, parts: tuple[Part, ...], look: Look
) -> MessageSeen:
    """Return a message of which a broken stream sent only the beginning."""
    message = Message(id=identity, role="assistant", run_id=run_id, status="in_progress", parts=parts)
    return MessageSeen(
        call=look.call,
        time=look.time,
        run_id=run_id,
        message=message,
        type=statuses.ITEM_DONE,
        ended=False,
        partial=True,
        live=False,
        place=index,
    )


def _message_seen(item: dict[str, Any], identity: str, index: int, look: Look, *, done: bool) -> MessageSeen:
    status = text_or_none(item.get("status"))
    message = Message(
        id=identity,
        role=text_or_none(item.get("role")) or "assistant",
        run_id=look.run_id,
        status=status or ("completed" if done else None),
        parts=contents.parts(item.get("content")),
        phase=text_or_none(item.get("phase")),
    )
    return MessageSeen(
        call=look.call,
        time=look.time,
        run_id=look.run_id,
        message=message,
        type=statuses.ITEM_DONE,
        ended=done,
        partial=not done,
        live=look.live,
        place=index,
    )


def _parts(item: dict[str, Any], kind: str) -> tuple[Part, ...]:
    if kind == "reasoning":
        return contents.reasoning(item)
    known = kind in WITHOUT_DETAILS or kind in CALLS or kind in OUTPUTS
    return () if known else (OtherPart(type=kind, data=freeze(item)),)
