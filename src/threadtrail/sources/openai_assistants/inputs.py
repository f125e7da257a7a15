"""The input of a run, read from a list of its thread's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail._quick import changed
from threadtrail.recording.facts import InputSeen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from threadtrail.recording.reading import FollowedRun
    from threadtrail.sources.openai_assistants.glimpses import Glimpse
    from threadtrail.values import Message


def wants_input(run: FollowedRun) -> bool:
    """Return whether a list of messages may add to a run's input: it is not known, or some ids are not."""
    return not run.input_listed if not run.input else any(message.id is None for message in run.input)


def inputs_seen(
    runs: Iterable[FollowedRun], listed: list[Message], asked: dict[str, Any], glimpse: Glimpse
) -> Iterator[InputSeen]:
    """Yield what a list of messages adds to the inputs of these runs of their thread.

    ``listed`` are the messages in order of their creation, ``asked`` is the query of the list.
    """
    sent = [message for message in listed if message.run_id is None]
    newest = asked.get("order") != "asc" and not asked.get("after")
    for run in runs:
        if run.input:
            messages, complete = with_ids(run.input, sent), False
        elif newest or any(m.run_id == run.id for m in listed):
            # Any other page of the list holds older messages.
            messages, complete = input_from_listing(listed, run.id, run.created_at_server), True
        else:
            continue
        yield InputSeen(
            call=glimpse.call, time=glimpse.time, run_id=run.id, messages=messages, listed=complete
        )


def input_from_listing(messages: list[Message], run_id: str, created_at: int) -> tuple[Message, ...]:
    """Return the input of a run whose messages this process never saw added.

    It is what lies between the last answer before the run and the run itself. ``messages`` are in the order
    of their creation; ``created_at`` (Unix nanoseconds, the server's clock) is the run's.
    """
    before = [
        message
        for message in messages
        if message.run_id != run_id and (message.created_at or 0) <= created_at
    ]
    last_answer = max((place for place, message in enumerate(before) if message.run_id), default=-1)
    return tuple(before[last_answer + 1 :])


def with_ids(messages: tuple[Message, ...], listed: list[Message]) -> tuple[Message, ...]:
    """Return the messages; those that have no id yet get the one that the list has for them."""
    free = [message for message in listed if message.id not in {known.id for known in messages}]
    named = []
    for message in messages:
        twin = next((m for m in free if m.role == message.role and m.parts == message.parts), None)
        if message.id is None and twin is not None:
            free.remove(twin)
            named.append(changed(message, id=twin.id, created_at=twin.created_at))
        else:
            named.append(message)
    return tuple(named)
