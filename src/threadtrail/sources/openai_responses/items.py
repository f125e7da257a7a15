"""The output items of a response as facts: a step each, with its call or its message."""

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
"""Items of which the kind says enough: a message stands by itself, the rest is ciphertext and definitions."""


class Look(NamedTuple):
    """By which call, and when, items of a run were seen; ``live``: in a stream, as it happened."""

    call: Call
    time: int
    run_id: str
    live: bool = False


def item_facts(item: dict[str, Any], index: int, look: Look, *, done: bool) -> Iterator[Fact]:
    """Yield what an output item says; ``done``: it does not change any more."""
    kind = text_or_none(item.get("type")) or "unknown"
    identity = item_id(item, index, look.run_id)
    name = text_or_none(item.get("status"))
    ended = done or name in statuses.ITEM_ENDS
    call = tool_call(item, identity)
    step = Step(
        id=identity,
        kind=kind,
        status=name or ("completed" if ended else None),
        # The app is asked when the item is whole, and not when the model begins to write it.
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
    """Return the id of an output item, or its place where the server gave it none."""
    return text_or_none(item.get("id")) or text_or_none(item.get("call_id")) or f"{run_id}/{index}"


def partial_message(
    run_id: str, identity: str, index: int, parts: tuple[Part, ...], look: Look
) -> MessageSeen:
    """Return the message of which a broken stream brought the beginning."""
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
