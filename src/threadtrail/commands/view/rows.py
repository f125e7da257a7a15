"""The rows of the list: the fields to search, sort and filter by, small enough for ten thousand rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.commands.view.states import state_of, turn_status
from threadtrail.commands.view.values import milliseconds
from threadtrail.shape.spans import model_of, run_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.commands.view.entries import Entry, Group
    from threadtrail.commands.view.values import Object
    from threadtrail.events import RequestFailed
    from threadtrail.turn import Turn
    from threadtrail.values import Attributes, Failure, Message, Run

FIELDS = (
    "handle",
    "kind",
    "parent",
    "status",
    "state",
    "name",
    "model",
    "source",
    "started",
    "duration",
    "spent",
    "tokens",
    "cost",
    "calls",
    "preview",
    "answer",
    "error",
    "user",
    "session",
    "tags",
    "trace",
)
"""The fields of a row, in order. ``parent`` is the handle of the turn that a run is listed below."""

PREVIEW = 160
"""The maximum number of characters of a message in a row."""

SPENT = ("queued", "generating", "tools", "person", "other")


def run_row(entry: Entry, numbers: Object, parent: str | None = None) -> list[Any]:
    """Return the row of a run, which may be listed below its turn."""
    run = entry.run
    return _row(
        handle=entry.handle,
        kind="run",
        parent=parent,
        status=run.status,
        state=state_of(run, in_progress=entry.in_progress),
        name=run_name(run),
        model=model_of(run),
        source=run.source,
        started=milliseconds(entry.timing.within.start),
        numbers=numbers,
        preview=preview(run.new_input),
        answer=preview(run.output),
        error=_error(run.error, run.incomplete_reason),
        attributes=run.attributes,
        session=_session(run),
        trace=entry.trace,
    )


def turn_row(group: Group, turn: Turn, numbers: Object) -> list[Any]:
    """Return the row of a turn."""
    first, last = group.entries[0], group.entries[-1]
    error = next((entry.run.error for entry in group.entries if entry.run.error is not None), turn.error)
    return _row(
        handle=group.handle,
        kind="turn",
        parent=None,
        status=turn_status(group, turn),
        state="bad" if error is not None else state_of(turn, in_progress=group.in_progress),
        name=run_name(first.run),
        model=model_of(last.run),
        source=first.run.source,
        started=milliseconds(first.timing.within.start),
        numbers=numbers,
        preview=preview(turn.input),
        answer=preview(turn.output),
        error=_error(error, last.run.incomplete_reason),
        attributes=first.run.attributes,
        session=_session(first.run),
        trace=first.trace,
    )


def request_row(event: RequestFailed, handle: str) -> list[Any]:
    """Return the row of a failed request that created no run."""
    return _row(
        handle=handle,
        kind="request",
        parent=None,
        status="request failed",
        state="bad",
        name=event.operation,
        model=None,
        source=event.source,
        started=milliseconds(event.started_at),
        numbers={"duration": milliseconds(event.time - event.started_at)},
        preview="",
        answer="",
        error=_error(event.error, None),
        attributes=event.attributes,
        session=event.attributes.session_id or event.thread_id,
        trace=None,
    )


def preview(messages: Sequence[Message]) -> str:
    """Return the beginning of the last message that has text, on one line."""
    text = next((text for message in reversed(messages) if (text := message.text)), "")
    return " ".join(text[: PREVIEW * 4].split())[:PREVIEW]


def _row(*, numbers: Object, attributes: Attributes, **fields: Any) -> list[Any]:
    spent = numbers.get("spent", {})
    values = {
        **fields,
        "duration": numbers.get("duration"),
        "spent": [round(spent.get(kind, 0)) for kind in SPENT] if spent else None,
        "tokens": numbers.get("total_tokens"),
        "cost": numbers.get("cost"),
        "calls": numbers.get("calls", 0),
        "user": attributes.user_id,
        "tags": list(attributes.tags),
    }
    return [values[name] for name in FIELDS]


def _session(run: Run) -> str | None:
    return run.attributes.session_id or run.session_key or run.thread_id


def _error(error: Failure | None, reason: str | None) -> str | None:
    if error is None:
        return reason
    return f"{error.type}: {error.message[:PREVIEW]}" if error.message else error.type
