"""Reads the events of recordings, and those that wait at an address to be collected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail import _json
from threadtrail.collecting.finding import factory_of
from threadtrail.recordings.files import files_of
from threadtrail.recordings.reading import Recording, read_recording

if TYPE_CHECKING:
    from collections.abc import Iterable

    from threadtrail.events import AnyEvent


def read(places: Iterable[str]) -> Recording:
    """Read the events of all places: recordings, patterns of recordings, addresses.

    Raises:
        ConfigurationError: a place cannot be read.
    """
    found = [_waiting(place) if "://" in place else read_recording(*files_of(place)) for place in places]
    return Recording(
        events=tuple(event for each in found for event in each.events),
        problems=tuple(problem for each in found for problem in each.problems),
    )


def _waiting(address: str) -> Recording:
    """Return the events that wait at an address to be collected."""
    place = factory_of(address)(address)
    try:
        return _recording(address, place.peek())
    finally:
        place.close()


def _recording(address: str, lines: Iterable[bytes]) -> Recording:
    from threadtrail.checks import shown_address  # noqa: PLC0415 - only addresses need it

    events: list[AnyEvent] = []
    unread = 0
    for line in lines:
        try:
            events.append(_json.load(line))
        except ValueError:
            unread += 1
    what = "entry that is not an event" if unread == 1 else "entries that are not events"
    problem = f"{shown_address(address)}: left out {unread} {what} of this version"
    return Recording(events=tuple(events), problems=(problem,) if unread else ())
