"""Texts about groups of events: how many runs they hold, and when they began."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.exporters.console_text import counted
from threadtrail.recordings.choosing import moment_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from threadtrail.recordings.groups import Group


def amount(groups: Iterable[Group]) -> str:
    """Return how many runs these groups have, and how many events outside of runs."""
    runs = others = 0
    for group in groups:
        of_group = len(group.ends)
        runs += of_group
        others += 0 if of_group else len(group.events)
    if not others:
        return counted(runs, "run")
    return f"{counted(runs, 'run')} and {counted(others, 'other event')}"


def period(groups: Sequence[Group]) -> str:
    """Return when the first and the last of these groups began; there is at least one."""
    moments = [group.began for group in groups]
    first, last = moment_text(min(moments)), moment_text(max(moments))
    return first if first == last else f"{first} to {last}"
