"""The recorder's interpreter with clocks that stand still unless a test moves them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import threadtrail
from recording.invariants import check_story
from threadtrail.context import Scope
from threadtrail.events import Event, RunEnded, RunStatusChanged
from threadtrail.recording.interpreter import Interpreter
from threadtrail.recording.observation import Call, Returned
from threadtrail.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping

SECOND = 1_000_000_000
CREATE, RETRIEVE = "threads.runs.create", "threads.runs.retrieve"
LIST = "threads.runs.list"
SUBMIT = "threads.runs.submit_tool_outputs"
CANCEL = "threads.runs.cancel"
OPERATIONS = {row.operation.name: row.operation for source in SOURCES for row in source.rows()}


class Stage:
    """An interpreter and what it publishes, with clocks that stand still unless they are moved."""

    def __init__(self, **limits: Any) -> None:
        given = {"settle_seconds": 1.0, "run_timeout_seconds": 900.0, "max_open_runs": 1_000} | limits
        self.interpreter = Interpreter(self.publish, {source.name: source.reader for source in SOURCES})
        self.interpreter.following.ends.configure(**given)
        self.events: list[Event] = []
        self.unfinished = 0
        self.keep = True

    def publish(self, event: Event, contexts: Mapping[str, object] | None) -> None:
        if self.keep:
            self.events.append(event)
        elif isinstance(event, RunEnded):
            self.unfinished += not event.run.finished

    def answer(  # noqa: PLR0913 - keywords with defaults
        self,
        status: str,
        *,
        asked: int,
        answered: int,
        run: str = "run_1",
        operation: str = RETRIEVE,
        request: Any = b"",
        client: Any = None,
        **more: Any,
    ) -> None:
        """Return an answer of the API about a run, requested and given at these seconds."""
        ids = {"run_id": run, "thread_id": f"thread_{run}"}
        call = Call(OPERATIONS[operation], asked * SECOND, ids, client, Scope(), request=request)
        body = {
            "object": "thread.run",
            "id": run,
            "thread_id": f"thread_{run}",
            "status": status,
            "created_at": 1,
            "assistant_id": "asst_1",
            "model": "gpt-4o",
            "tools": [],
            **more,
        }
        answer = {"data": [body]} if operation == LIST else body
        self.interpreter.handle(Returned(call, answered * SECOND, answer), float(answered))
        self.interpreter.tick(float(answered))

    def see_step(self, status: str, *, at: int, run: str = "run_1") -> None:
        """Return an answer of the API about the run's step, at this second."""
        ids = {"run_id": run, "thread_id": f"thread_{run}"}
        call = Call(OPERATIONS["threads.runs.steps.retrieve"], at * SECOND, ids, None, Scope())
        step = {"object": "thread.run.step", "id": "step_1", "run_id": run, "type": "message_creation"}
        body = {**step, "status": status, "created_at": 2}
        self.interpreter.handle(Returned(call, at * SECOND, body), float(at))

    @property
    def statuses(self) -> list[str]:
        return [event.status for event in self.events if isinstance(event, RunStatusChanged)]


def merged(*stages: Stage, end: int) -> tuple[Event, ...]:
    """What these processes publish, merged; merging it again changes nothing."""
    for stage in stages:
        stage.interpreter.end_all(end * SECOND)
    events = threadtrail.merge(event for stage in stages for event in stage.events)
    check_story(events)
    assert threadtrail.merge(events) == events
    return events
