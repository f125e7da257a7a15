"""The messages of a run, as several processes saw them: each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail._quick import changed
from threadtrail.merging.fields import amount, earliest, filled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from threadtrail.values import Message, Run


def written(groups: Sequence[Iterable[Message]]) -> tuple[Message, ...]:
    """Return the messages that a run wrote, in order; ``groups`` are sightings, the most reliable first."""
    sightings: dict[str | None, list[Message]] = {}
    for group in groups:
        for message in group:
            sightings.setdefault(message.id, []).append(message)
    values = [fullest(each) for each in sightings.values()]
    return tuple(sorted(values, key=lambda message: message.created_at or 0))


def fullest(sightings: Sequence[Message]) -> Message:
    """Return what is known of one message; the first sighting is the most reliable."""
    ranked = sorted(sightings, key=lambda each: (len(each.text), len(each.parts), amount(each)), reverse=True)
    return changed(
        filled(ranked[0], ranked[1:]),
        created_at=earliest([each.created_at for each in sightings]),
        completed_at=earliest([each.completed_at for each in sightings]),
    )


def asked(runs: Sequence[Run]) -> tuple[Message, ...]:
    """Return the messages that a run had to answer: as its creator sent them, with ids from lists of others.

    ``runs`` are what each process saw, the creator first.
    """
    known = next((run.input for run in runs if run.input), ())
    listed = [message for run in runs for message in run.input if message.id is not None]
    named = {message.id for message in known}
    free = list({message.id: message for message in listed if message.id not in named}.values())
    messages: list[Message] = []
    for message in known:
        twin = next((each for each in free if _is_same(each, message)), None)
        if message.id is None and twin is not None:
            free.remove(twin)
            messages.append(changed(message, id=twin.id, created_at=twin.created_at))
        else:
            messages.append(message)
    return tuple(messages)


def _is_same(listed: Message, sent: Message) -> bool:
    return (listed.role, listed.parts) == (sent.role, sent.parts)
