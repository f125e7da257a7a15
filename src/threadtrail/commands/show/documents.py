"""The ends of runs and turns as JSON, a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.events import RequestFailed, TurnEnded
from threadtrail.recordings.contents import contents_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from threadtrail.events import Event


def documents(events: Sequence[Event]) -> Iterator[str]:
    """Yield the last ``RunEnded`` of each run, every ``TurnEnded`` and every ``RequestFailed``, in order."""
    last = {id(end) for end in contents_of(events).runs}
    for event in events:
        if id(event) in last or isinstance(event, TurnEnded | RequestFailed):
            yield event.to_json()
