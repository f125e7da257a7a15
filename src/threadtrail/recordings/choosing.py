"""Chooses groups of a recording: by run, time, status, or because something failed."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from threadtrail._text import closest, did_you_mean, escaped, listed, sentences
from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from threadtrail.recordings.groups import Group

AGO = re.compile(r"(\d+(?:\.\d+)?) *([smhdw])")
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
SECOND = 1_000_000_000
MAX_NAMED = 5
"""The maximum number of ids to list of those that begin alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The runs and turns to choose from a recording; by default, all of them.

    ``since`` and ``until`` (exclusive) limit when a group began, in Unix nanoseconds; ``runs`` holds ids
    of runs or turns, or their beginnings; ``statuses`` those of runs; ``failed``: a run or a request
    failed.
    """

    runs: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None
    statuses: frozenset[str] = frozenset()
    failed: bool = False

    def among(self, groups: Sequence[Group]) -> tuple[Group, ...]:
        """Return the chosen groups.

        Raises:
            ConfigurationError: no run has one of the ids, or several ids begin with it.
        """
        named = {id(_meant(run_id, groups)) for run_id in self.runs}
        return tuple(group for group in groups if (id(group) in named or not named) and self._wants(group))

    def _wants(self, group: Group) -> bool:
        if self.since is not None and group.began < self.since:
            return False
        if self.until is not None and group.began >= self.until:
            return False
        if self.statuses and not any(end.run.status in self.statuses for end in group.ends):
            return False
        return group.failed if self.failed else True


def none_chosen(groups: Iterable[Group]) -> str:
    """Return the message for a choice without a match: how many runs ended in which status."""
    statuses = Counter(end.run.status or "unknown" for group in groups for end in group.ends)
    there = listed(f"{count:,} {escaped(status)}" for status, count in sorted(statuses.items()))
    return f"no run is one that you asked for; the recording has: {there}"


def moment(text: str, now: float) -> int:
    """Return the Unix nanoseconds of a date, a date and time, or a time before ``now`` (``2h``).

    A date means its beginning. A time without an offset is local.

    Raises:
        ValueError: the text is none of them.
    """
    if (ago := AGO.fullmatch(text.strip())) is not None:
        return round((now - float(ago[1]) * SECONDS[ago[2]]) * SECOND)
    whole = datetime.fromisoformat(text.strip()).astimezone()
    return int(whole.timestamp()) * SECOND + whole.microsecond * 1_000


def moment_text(nanoseconds: int) -> str:
    """Return a time as local date and time, in whole seconds."""
    return datetime.fromtimestamp(nanoseconds // SECOND).astimezone().isoformat(sep=" ")


def _meant(given: str, groups: Sequence[Group]) -> Group:
    """Return the group of the run or turn that has this id, or the only one whose id begins with it."""
    by_id = {run_id: group for group in groups for run_id in group.run_ids}
    if given in by_id:
        return by_id[given]
    matching = [run_id for run_id in by_id if given and run_id.startswith(given)]
    if len({id(by_id[run_id]) for run_id in matching}) == 1:
        return by_id[matching[0]]
    if matching:
        named = listed([*map(escaped, matching[:MAX_NAMED]), *(["…"] if len(matching) > MAX_NAMED else [])])
        raise ConfigurationError(f"{len(matching)} ids begin with {given!r}: {named}. Give more of the id.")
    meant = did_you_mean(closest(given, by_id))
    raise ConfigurationError(sentences(f"no run or turn {given!r} is in the recording.", meant))
