"""Finds the session of each run, and how much of its input earlier runs of the session had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.recording.bounded import Bounded
from threadtrail.values import ToolCallPart, ToolResultPart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.recording.links import InChain
    from threadtrail.recording.publishing import Server
    from threadtrail.recording.runs import RunRecord
    from threadtrail.values import Message

IDS = 65_536
"""The maximum number of ids of runs, items and calls that are kept."""

SESSIONS = 1_024
"""The maximum number of sessions whose items are kept."""

ITEMS = 4_096
"""The maximum number of items that are kept of a session, each as a hash."""

ITEM_BYTES = 100
"""The memory that such a hash takes."""


class Sessions:
    """Recognises chains of runs, even if the app keeps no state at the server.

    Such an app sends its whole history with each request; the ids in it show which chain it is. Equal texts
    do not show that, since two users may ask the same; they only count as repeated within a session.
    """

    def __init__(self) -> None:
        self._of_id: Bounded[tuple[Server, str], str] = Bounded(IDS)
        self._items: Bounded[tuple[Server, str], dict[int, None]] = Bounded(SESSIONS)

    def begin(self, record: RunRecord, followed: InChain | None) -> None:
        """Set the session of a run that begins, and how many of its first input items are repeated.

        The session is the one that the app set, else the thread, else the session of the run that it follows,
        else that of a run whose items its input repeats, else one of its own. ``followed`` is the chain of
        the run that it follows, if that has not ended.

        Where the server has what was sent before, a user's text that was sent before is new: somebody may say
        "yes" twice. Some apps send their whole history all the same; then the model's answers are in it.
        """
        server = record.origin.server
        record.chain.session_key = (
            record.scope.attributes.session_id
            or record.thread_id
            or (followed.session_key if followed is not None else None)
            or self._chain(record)
            or record.id
        )
        known = self._items.get((server, record.chain.session_key))
        if known is None:
            return
        new = (place for place, item in enumerate(record.input) if _mark(item) not in known)
        repeated = next(new, len(record.input))
        sent_again = not _is_kept_by_server(record) or any(map(_is_of_model, record.input[:repeated]))
        record.chain.input_repeated = repeated if sent_again else 0

    def end(self, record: RunRecord, output: tuple[Message, ...]) -> None:
        """Remember a run that has ended, by its id, its input and its output."""
        server, session = record.origin.server, record.chain.session_key
        if session is None:
            return
        calls = [name for call in record.steps.calls.values() for name in (call.id, call.item_id) if name]
        names = (record.id, *(message.id for message in output), *record.steps.ids(), *calls)
        for name in names:
            if name is not None:
                self._of_id.put((server, name), session)
        marks = self._items.get((server, session)) or {}
        marks.update(dict.fromkeys(map(_mark, (*record.input, *output))))
        marks.update(dict.fromkeys(hash(("asked", call.id)) for call in record.steps.calls.values()))
        for oldest in list(marks)[:-ITEMS]:
            del marks[oldest]
        self._items.put((server, session), marks)

    def shrink(self, max_bytes: int) -> None:
        """Forget the items of the oldest sessions until those of the others take ``max_bytes`` at most."""
        self._items.shrink(max_bytes, lambda marks: ITEM_BYTES * len(marks))

    @property
    def forgotten(self) -> int:
        """How many sessions' items were forgotten for lack of room."""
        return self._items.forgotten

    def _chain(self, record: RunRecord) -> str | None:
        server, previous = record.origin.server, record.known.previous_run_id
        if previous is not None:
            return self._of_id.get((server, previous)) or previous
        known = (self._of_id.get((server, name)) for name in ids_in(record.input))
        return next((each for each in known if each is not None), None)


def _is_kept_by_server(record: RunRecord) -> bool:
    """Return whether a run adds its input to what the server has: to a thread, a conversation or a chain."""
    return record.thread_id is not None or record.known.previous_run_id is not None


def _is_of_model(message: Message) -> bool:
    return message.role == "assistant" or any(isinstance(part, ToolCallPart) for part in message.parts)


def ids_in(messages: tuple[Message, ...]) -> Iterator[str]:
    """Yield the ids in an input, the newest first."""
    for message in reversed(messages):
        parts = [part.id for part in message.parts if isinstance(part, (ToolCallPart, ToolResultPart))]
        yield from (name for name in (message.id, *parts) if name is not None)


def _mark(message: Message) -> int:
    """Return a hash of an item that stays the same when it is sent again, with or without its id."""
    for part in message.parts:
        if isinstance(part, ToolCallPart) and part.id is not None:
            return hash(("asked", part.id))
        if isinstance(part, ToolResultPart) and part.id is not None:
            return hash(("answered", part.id))
    return hash((message.role, message.text or repr(message.parts)))
