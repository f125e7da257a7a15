"""What an API's words mean, as its source states it: statuses, types of events, what a run begins with."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from threadtrail._quick import changed, construct_quickly
from threadtrail.values import Assistant, JsonObject, Message, RunRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStatus:
    """The status of a step: ``type`` is the type of the event that publishes its end."""

    name: str | None
    type: str
    ended: bool = False
    succeeded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """The status of a run, and what it means.

    Attributes:
        name: the API's word.
        type: the type of the event that publishes it.
        rank: how far along the run is. An answer whose rank is lower than that of one asked for later is old.
        ended: whether this is an end: the run does not change afterwards.
        started: whether the server is working on the run.
        awaits_outputs: whether the run waits for the app to submit outputs of tool calls.
        succeeded: whether the run ended as it should.
        failed: whether the run ended in an error, even if the API gives none.
        open_steps: the status that open steps get when the run ends with this one.
    """

    name: str
    type: str
    rank: int = 1
    ended: bool = False
    started: bool = False
    awaits_outputs: bool = False
    succeeded: bool = False
    failed: bool = False
    open_steps: StepStatus | None = None

    @property
    def stage(self) -> str | None:
        """What the status means, as in ``StatusChange``."""
        if self.ended:
            return "ended"
        if self.awaits_outputs:
            return "asking"
        if self.started:
            return "working"
        return "waiting" if self.rank == 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTypes:
    """The ``type`` of the events that do not come from a status of the API."""

    run_created: str
    run_ended: str
    step_created: str
    step_unfinished: str
    message_created: str
    message_incomplete: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is read once, when a run begins; ``one_generation`` is as in ``Run``."""

    types: EventTypes
    request: RunRequest
    assistant: Assistant | None
    input: tuple[Message, ...]
    one_generation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """What only some APIs say about a run; the fields are those of ``Run``, ``None`` if nothing is said.

    ``background`` means that the server works on the run even if no client is connected.
    """

    background: bool | None = None
    stored: bool | None = None
    service_tier: str | None = None
    tool_usage: JsonObject | None = None
    previous_run_id: str | None = None

    def fields(self) -> dict[str, Any]:
        """Return the fields that are not ``None``, by name."""
        said = {name: getattr(self, name) for name in PARTICULARS}
        return {name: value for name, value in said.items() if value is not None}

    def updated(self, newer: Particulars) -> Particulars:
        """Return these, updated by what a newer look says."""
        return changed(self, **newer.fields())


construct_quickly(Opening, Particulars)

PARTICULARS = tuple(each.name for each in fields(Particulars))
NO_PARTICULARS = Particulars()
