"""The two sides of a comparison: the files of each, and the turns read from them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from threadtrail.commands.compare.units import Unit, units_of
from threadtrail.errors import ConfigurationError
from threadtrail.events import RequestFailed, RunEnded
from threadtrail.merging.merge import merge
from threadtrail.recordings.contents import contents_of
from threadtrail.recordings.files import files_of
from threadtrail.recordings.reading import Recording, read_recording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.events import Event

EARLIER_API = "openai.assistants"
"""When one recording with two APIs is split, the turns of this one are the side ``before``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side: its turns, in order, and the requests that failed.

    ``open_runs`` is the number of runs that have no end in the recording; they are in none of the turns.
    """

    name: str
    units: tuple[Unit, ...]
    failed_requests: tuple[RequestFailed, ...] = ()
    open_runs: int = 0

    @property
    def sources(self) -> tuple[str, ...]:
        """The APIs of its turns, the most frequent first."""
        return tuple(source for source, _ in Counter(unit.source for unit in self.units).most_common())

    @property
    def began(self) -> int | None:
        """When its first turn began, in Unix nanoseconds."""
        return min((t for unit in self.units if (t := unit.turn.started_at) is not None), default=None)

    @property
    def ended(self) -> int | None:
        """When its last turn ended, in Unix nanoseconds."""
        return max((t for unit in self.units if (t := unit.turn.ended_at) is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A side that the user named: its files, and the events read from them."""

    name: str
    files: tuple[Path, ...]
    recording: Recording


def read_side(given: str) -> Given:
    """Read the side that is named: a file, a folder of them, or a pattern such as ``monday/*.jsonl``.

    Raises:
        ConfigurationError: there is no such file, or one cannot be read or is not a recording.
    """
    files = files_of(given)
    return Given(name=given, files=files, recording=read_recording(*files))


def sides_of(recordings: Sequence[Given], *, prices_of: str | None) -> tuple[Side, Side]:
    """Return both sides.

    Args:
        recordings: before and after, or a single one, which is split by its two APIs.
        prices_of: the provider whose prices are used for all runs, instead of each run's own.

    Raises:
        ConfigurationError: there is a single recording, and it does not have exactly two APIs.
    """
    if len(recordings) == 1:
        return _split(recordings[0], prices_of)
    before, after = (_side(each.name, each.recording.events, prices_of) for each in recordings)
    return before, after


def _side(name: str, events: Sequence[Event], prices_of: str | None) -> Side:
    merged = merge(events)  # several processes may have seen the same runs
    contents = contents_of(merged)
    return Side(
        name=name,
        units=units_of(merged, prices_of=prices_of),
        failed_requests=contents.failed_requests,
        open_runs=len(contents.open_runs),
    )


def _split(given: Given, prices_of: str | None) -> tuple[Side, Side]:
    name, events = given.name, given.recording.events
    there = {event.source for event in events if isinstance(event, RunEnded)}
    sources = sorted(there, key=lambda source: (source != EARLIER_API, source))
    if len(sources) != 2:  # noqa: PLR2004 - two sides
        has = f"{name!r} has {' and '.join(sources) or 'no runs'}"
        problem = "a single recording is split by its two APIs"
        raise ConfigurationError(f"{problem}, but {has}; name a second recording")
    one, other = (
        _side(name, [event for event in events if event.source == source], prices_of) for source in sources
    )
    return one, other
