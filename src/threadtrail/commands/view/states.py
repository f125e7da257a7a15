"""What a status means: ``good``, ``bad``, ``warning``, or ``open`` while a run is in progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.exporters.lines import MARKS

if TYPE_CHECKING:
    from threadtrail.turn import Turn
    from threadtrail.values import Run


def state_of(run: Run | Turn, *, in_progress: bool = False) -> str:
    """Return the state of a run or a turn: one that was given up is a ``warning``."""
    if in_progress:
        return "open"
    if run.error is not None:
        return "bad"
    return MARKS.get(run.status, ("", "warning"))[1] if run.finished else "warning"
