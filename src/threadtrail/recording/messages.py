"""The messages that one run wrote; each is published exactly once, wherever it was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from threadtrail._quick import changed
from threadtrail.events import MessageCompleted, MessageCreated

if TYPE_CHECKING:
    from threadtrail.recording.facts import MessageSeen
    from threadtrail.recording.meaning import EventTypes
    from threadtrail.recording.timeline import Timeline
    from threadtrail.recording.tool_calls import PublishOfRun
    from threadtrail.values import Message


class _MessageState(NamedTuple):
    """What is known of a message: the fields of ``MessageSeen`` that are kept."""

    message: Message
    type: str
    ended: bool
    partial: bool
    place: int


class Messages:
    """What is known of a run's messages, with their times on the run's ``timeline``.

    ``publish`` is passed with each call. If it were kept, the run and its messages would refer to each other,
    and stay in memory until the garbage collector finds them, long after the run was published.
    """

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._states: dict[str, _MessageState] = {}
        self._published: set[str] = set()

    def see(self, seen: MessageSeen, types: EventTypes, publish: PublishOfRun, *, run_ended: bool) -> None:
        """See a message of the run."""
        identity = seen.message.id
        if identity is None:
            return
        time, live = seen.time, seen.live
        created_at = self._timeline.placed(seen.message.created_at, time)
        completed_at = self._timeline.placed(seen.message.completed_at, time)
        message = changed(seen.message, created_at=created_at, completed_at=completed_at)
        known = self._states.get(identity)
        if known is None and live:
            publish(MessageCreated, time, type=types.message_created, message=message)
        if known is None:
            self._states[identity] = _MessageState(message, seen.type, seen.ended, seen.partial, seen.place)
        elif not known.ended and (known.message.status or not seen.partial):
            # A part from a broken stream never replaces a message that was read in a list.
            message = changed(message, created_at=created_at or known.message.created_at)
            self._states[identity] = _MessageState(message, seen.type, seen.ended, seen.partial, known.place)
        # A message that is read later has no status: it is complete if its run has ended.
        done = seen.ended or (message.status is None and run_ended)
        if done and identity not in self._published:
            self._complete(message, seen.type, time if live else completed_at or time, publish)

    def end(self, time: int, types: EventTypes, publish: PublishOfRun) -> None:
        """Publish the ends of the messages that are still open, with the end of the run."""
        for seen in list(self._states.values()):
            if seen.message.id is not None and seen.message.id not in self._published:
                kind = types.message_incomplete if seen.partial else seen.type
                self._complete(seen.message, kind, time, publish)

    def forget(self) -> None:
        """Forget all messages."""
        self._states.clear()

    @property
    def kept(self) -> list[Message]:
        """The messages, as far as they are known."""
        return [state.message for state in self._states.values()]

    @property
    def published_ids(self) -> set[str]:
        """The ids of the messages whose end was published."""
        return self._published

    def values(self, end: int) -> tuple[Message, ...]:
        """Return all messages in order, with times within a run that ended at ``end``."""
        seen = sorted(self._states.values(), key=lambda seen: (seen.message.created_at or 0, seen.place))
        return tuple(self._timeline.message_within(each.message, end) for each in seen)

    def _complete(self, message: Message, kind: str, time: int, publish: PublishOfRun) -> None:
        self._published.add(str(message.id))
        publish(MessageCompleted, time, type=kind, message=message)
