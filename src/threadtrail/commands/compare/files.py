"""The two sides that are compared: the files of each, and what can be read of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

from threadtrail.commands.compare.units import Unit, units_of
from threadtrail.errors import ConfigurationError
from threadtrail.events import RequestFailed, RunEnded
from threadtrail.merging.merge import merge
from threadtrail.recordings.contents import contents_of
from threadtrail.recordings.reading import read_recording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.events import Event

EARLIER_API = "openai.assistants"
"""Of one recording with two APIs, this is what was there before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side: its turns, in order, and the requests that failed.

    ``open_runs`` is the number of runs that have no end in the recording: these are in none of the turns.
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


def read_sides(
    before: str, after: str | None, *, prices_of: str | None
) -> tuple[Side, Side, tuple[str, ...]]:
    """Return both sides, and what could not be read of them, in words.

    Args:
        before: a file, a folder of them, or a pattern such as ``monday/*.jsonl``.
        after: likewise; without it, ``before`` is divided by its two APIs.
        prices_of: the provider whose prices count, instead of that of each run.

    Raises:
        ConfigurationError: a file cannot be read, is no recording, or there is none; or one recording is
            to be divided, and has not two APIs.
    """
    first = read_recording(*_paths(before))
    if after is None:
        sides = _divided(before, first.events, prices_of)
        return *sides, first.problems
    second = read_recording(*_paths(after))
    return (
        _side(before, first.events, prices_of),
        _side(after, second.events, prices_of),
        (*first.problems, *second.problems),
    )


def _side(name: str, events: Sequence[Event], prices_of: str | None) -> Side:
    contents = contents_of(merge(events))  # several processes may have seen the same runs
    return Side(
        name=name,
        units=units_of(contents, prices_of=prices_of),
        failed_requests=contents.failed_requests,
        open_runs=len(contents.open_runs),
    )


def _divided(name: str, events: Sequence[Event], prices_of: str | None) -> tuple[Side, Side]:
    there = {event.source for event in events if isinstance(event, RunEnded)}
    sources = sorted(there, key=lambda source: (source != EARLIER_API, source))
    if len(sources) != 2:  # noqa: PLR2004 - two sides
        has = f"{name!r} has {' and '.join(sources) or 'no runs'}"
        raise ConfigurationError(f"one recording is divided by its two APIs, and {has}; name a second one")
    one, other = (
        _side(name, [event for event in events if event.source == source], prices_of) for source in sources
    )
    return one, other


def _paths(given: str) -> list[Path]:
    path = Path(given).expanduser()
    if path.is_dir():
        found = sorted(path.glob("*.jsonl"))
    elif path.exists():
        return [path]
    else:
        found = [Path(name) for name in sorted(glob(str(path)))] or [path]  # noqa: PTH207 - from any folder
    if not found:
        raise ConfigurationError(f"no file in {given!r} ends in .jsonl; name a recording")
    return found
