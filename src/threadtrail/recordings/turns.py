"""The turns of a recording: whether each is over, and how it ended, by the same rule for every command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from threadtrail.events import RunEnded
from threadtrail.recordings.contents import contents_of, server_of, turn_name
from threadtrail.recordings.tools import late_calls, with_outputs
from threadtrail.turn import Turn, turn_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.events import Event
    from threadtrail.recordings.contents import Name
    from threadtrail.values import Run

UNFINISHED = "unfinished"
"""The word for a turn whose end was not seen, whatever the status of its last run."""

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RecordedTurn:
    """A turn of a recording, with the last end of each of its runs that the recording has."""

    turn: Turn
    ends: tuple[RunEnded, ...]
    source: str


def turns_of(events: Sequence[Event]) -> list[RecordedTurn]:
    """Return the turns of a recording in the order in which they began, without runs that have no end."""
    contents, late = contents_of(events), late_calls(events)
    by_turn: dict[Name, list[RunEnded]] = {}
    for end in contents.runs:
        by_turn.setdefault(turn_name(end), []).append(end)
    found = [
        RecordedTurn(event.turn, tuple(by_turn.pop((server_of(event), event.turn.id), ())), event.source)
        for event in contents.turns
    ]
    for ends in by_turn.values():
        runs = [with_outputs(end.run, late.get((server_of(end), end.run.id), ())) for end in ends]
        found.append(RecordedTurn(turn_so_far(runs), tuple(ends), ends[0].source))
    return sorted(found, key=lambda each: each.turn.started_at or 0)


def turn_so_far(runs: Sequence[Run]) -> Turn:
    """Return the turn of some runs, in order, which has no ``TurnEnded`` in the recording.

    A response that left calls to the app is complete, but its turn is not, even if nothing of the rest was
    recorded.
    """
    last = runs[-1]
    return turn_of(runs, finished=last.finished and not leaves_calls(last))


def leaves_calls(run: Run) -> bool:
    """Return whether a run left calls whose outputs another one brings, so that its turn goes on."""
    return run.awaits_outputs or (run.one_generation and run.asks_app)


def ending(turn: Turn) -> str:
    """Return how a turn ended: the status of its last run, or ``unfinished``."""
    return (turn.status or UNKNOWN) if turn.finished else UNFINISHED
