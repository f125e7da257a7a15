"""The unit of comparison: a turn, from the user's question to the answer, in either API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from threadtrail.commands.durations import span
from threadtrail.events import RunEnded
from threadtrail.prices import Costs, cost_or_none, total
from threadtrail.recordings.turns import ending, turns_of
from threadtrail.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from threadtrail.events import Event
    from threadtrail.recordings.turns import RecordedTurn

COMPLETED = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A turn with its runs.

    An Assistants run with its tool calls is one turn, and so are all responses from a question to its answer.
    ``costs`` are those of its runs, ``None`` if ``genai-prices`` is not installed.
    """

    turn: Turn
    runs: tuple[RunEnded, ...]
    source: str
    costs: Costs | None = None

    @property
    def status(self) -> str:
        """How it ended."""
        return ending(self.turn)

    @property
    def duration(self) -> int | None:
        """How long it took, in nanoseconds, if it completed: failing at once does not make a turn fast."""
        if self.status != COMPLETED:
            return None
        return span(self.turn.started_at, self.turn.ended_at)

    @property
    def first_output(self) -> int | None:
        """The time until the app saw the first output of a stream, in nanoseconds, if the turn completed."""
        seen = [time for end in self.runs if (time := end.run.first_output_at) is not None]
        return span(self.turn.started_at, min(seen, default=None)) if self.status == COMPLETED else None

    @property
    def price(self) -> Decimal | None:
        """What it cost; ``None`` if one of its runs has no price."""
        costs = self.costs
        whole = costs is not None and not costs.unpriced and costs.runs == len(self.turn.run_ids)
        return costs.amount if costs is not None and whole else None

    @property
    def question(self) -> str:
        """The user's input, without that of earlier turns."""
        return "\n".join(message.text for message in self.turn.input if message.role == "user").strip()

    @property
    def answer(self) -> str:
        """The model's last answer."""
        return "\n".join(message.text for message in self.turn.output).strip()

    @property
    def name(self) -> str | None:
        """The name of its assistant or prompt."""
        assistant = self.turn.assistant
        return (assistant.name or assistant.id) if assistant is not None else None

    @property
    def instructions(self) -> str | None:
        """The instructions of its first run."""
        for end in self.runs[:1]:
            assistant = end.run.assistant
            return end.run.request.instructions or (assistant.instructions if assistant is not None else None)
        return None

    @property
    def model(self) -> str | None:
        """The model of its last run, or the one that was requested."""
        requested = self.runs[-1].run.request.model if self.runs else None
        return self.turn.model or requested


def units_of(events: Sequence[Event], *, prices_of: str | None = None) -> tuple[Unit, ...]:
    """Return the turns of a recording in the order in which they began, without runs that have no end."""
    return tuple(_unit(each, prices_of) for each in turns_of(events))


def _unit(recorded: RecordedTurn, prices_of: str | None) -> Unit:
    costs = [cost for end in recorded.ends if (cost := cost_or_none(end, provider=prices_of)) is not None]
    return Unit(
        turn=recorded.turn,
        runs=recorded.ends,
        source=recorded.source,
        costs=total(costs) if costs else None,
    )
