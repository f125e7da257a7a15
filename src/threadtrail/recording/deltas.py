"""What a broken stream had said of a message or a tool call before it broke."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.recording import assistants as read
from threadtrail.recording.kinds import parse
from threadtrail.values import Message

if TYPE_CHECKING:
    from threadtrail.recording.runs import RunRecord


def fold(record: RunRecord, deltas: list[tuple[str, Any]], time: int) -> None:
    """Put the deltas of objects that were never completed together, and show them to the run.

    ``deltas`` are ``("thread.message.delta" | "thread.run.step.delta", data)`` in order of arrival.
    """
    by_object: dict[tuple[str, str], dict[int, dict[str, Any]]] = {}
    for name, noted in deltas:
        data = read.mapping(parse(noted))
        identity = read.text_or_none(data.get("id"))
        delta = read.mapping(data.get("delta"))
        if identity is None:
            continue
        pieces = by_object.setdefault((name, identity), {})
        content = delta.get("content") or read.mapping(delta.get("step_details")).get("tool_calls")
        for piece in read.items(content):
            if isinstance(piece, dict):
                index = piece.get("index")
                _add(pieces.setdefault(index if isinstance(index, int) else 0, {}), piece)
    for (name, identity), pieces in by_object.items():
        blocks = [pieces[index] for index in sorted(pieces)]
        if name == "thread.message.delta":
            _show_message(record, identity, blocks, time)
        else:
            _show_calls(record, identity, blocks, time)


def _add(whole: dict[str, Any], piece: dict[str, Any]) -> None:
    """Add a delta to what came before: text grows, objects merge, the rest is replaced."""
    for key, value in piece.items():
        known = whole.get(key)
        if isinstance(value, dict) and isinstance(known, dict):
            _add(known, value)
        elif _grows(key, known, value):
            whole[key] = known + value
        elif value is not None:
            whole[key] = dict(value) if isinstance(value, dict) else value


def _grows(key: str, known: Any, value: Any) -> bool:
    """Whether a delta is added to what came before, and does not stand in its place."""
    if isinstance(value, list):
        return isinstance(known, list)
    return isinstance(value, str) and isinstance(known, str) and key not in {"id", "type"}


def _show_message(record: RunRecord, identity: str, blocks: list[dict[str, Any]], time: int) -> None:
    message = Message(
        id=identity,
        role="assistant",
        thread_id=record.thread_id,
        run_id=record.id,
        status="in_progress",
        parts=read.parts(blocks),
    )
    record.see_message(message, time, live=False)


def _show_calls(record: RunRecord, identity: str, blocks: list[dict[str, Any]], time: int) -> None:
    data = {"id": identity, "type": "tool_calls", "step_details": {"tool_calls": blocks}}
    record.see_step(data, time, live=True)
