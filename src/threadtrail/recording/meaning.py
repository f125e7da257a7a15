"""What a source says that its API's words mean: statuses, the types of events, what a run begins with."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from threadtrail._quick import changed, construct_quickly
from threadtrail.values import Assistant, JsonObject, Message, RunRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStatus:
    """The status of a step: ``type`` is that of the event which publishes its end."""

    name: str | None
    type: str
    ended: bool = False
    succeeded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """The status of a run, and what it means.

    Attributes:
        name: the API's word.
        type: that of the event which publishes it.
        rank: how far the run has come; an answer with a lower rank than one that was asked for later is old.
        ended: the run does not change any more.
        started: the run is being worked on.
        awaits_outputs: the run waits for the app to submit outputs of tool calls.
        succeeded: the run ended as it should.
        failed: the run ended in an error, also where the API names none.
        open_steps: how steps end that are open when the run ends.
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
    """The ``type`` of events that follow from no status of the API."""

    run_created: str
    run_ended: str
    step_created: str
    step_unfinished: str
    message_created: str
    message_incomplete: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is read once, where a run begins; ``one_generation`` as in ``Run``."""

    types: EventTypes
    request: RunRequest
    assistant: Assistant | None
    input: tuple[Message, ...]
    one_generation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """What only some APIs say of a run; the fields are those of ``Run``, ``None`` if nothing is said.

    ``background``: the server works on the run by itself, also where nobody listens any more.
    """

    background: bool | None = None
    stored: bool | None = None
    service_tier: str | None = None
    tool_usage: JsonObject | None = None
    previous_run_id: str | None = None

    def fields(self) -> dict[str, Any]:
        """Return what is said, by the names of the fields."""
        said = {name: getattr(self, name) for name in PARTICULARS}
        return {name: value for name, value in said.items() if value is not None}

    def updated(self, newer: Particulars) -> Particulars:
        """Return these with what a newer look says."""
        return changed(self, **newer.fields())


construct_quickly(Opening, Particulars)

PARTICULARS = tuple(each.name for each in fields(Particulars))
NO_PARTICULARS = Particulars()
