"""The status of runs and turns, and its state: ``good``, ``bad``, ``warning`` or, in progress, ``open``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.exporters.lines import MARKS
from threadtrail.recordings.turns import ending

if TYPE_CHECKING:
    from threadtrail.commands.view.entries import Group
    from threadtrail.turn import Turn
    from threadtrail.values import Run


def state_of(run: Run | Turn, *, in_progress: bool = False) -> str:
    """Return the state of a run or a turn: one that was given up is a ``warning``."""
    if in_progress:
        return "open"
    if run.error is not None:
        return "bad"
    return MARKS.get(run.status, ("", "warning"))[1] if run.finished else "warning"


def turn_status(group: Group, turn: Turn) -> str | None:
    """Return how a turn ended, or the status of its last run while that is in progress."""
    return group.entries[-1].run.status if group.in_progress else ending(turn)
