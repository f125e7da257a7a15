"""What one process knows of a run's surroundings, for the run that another process follows."""

from __future__ import annotations

import pytest

import threadtrail
from recording.stage import LIST, OPERATIONS, SECOND, Stage
from threadtrail.context import Scope
from threadtrail.events import RunCreated, RunEnded
from threadtrail.recording.observation import Call, Returned

FIRST_LOOK = 3
"""The second at which a run is first looked at that the server created in second 1."""


def change_assistant(stage: Stage, operation: str, name: str, *, at: float) -> None:
    time = int(at * SECOND)
    call = Call(OPERATIONS[operation], time, {"assistant_id": "asst_1"}, None, Scope())
    stage.interpreter.handle(Returned(call, time, {"object": "assistant", "id": "asst_1", "name": name}), at)


@pytest.mark.parametrize(
    ("updated_at", "name"),
    [(2, "Reviewer"), (FIRST_LOOK + 1, "Tutor")],
    ids=["before the first look", "later"],
)
def test_a_run_that_nobody_saw_created_has_the_assistant_as_it_was_at_the_first_look(
    updated_at: float, name: str
) -> None:
    setup, worker = Stage(), Stage()
    # In the second in which the run is created, of which the server says no more than the second.
    change_assistant(setup, "assistants.create", "Tutor", at=1.4)
    change_assistant(setup, "assistants.update", "Reviewer", at=updated_at)
    worker.answer("in_progress", asked=FIRST_LOOK, answered=FIRST_LOOK, operation=LIST)
    worker.answer("completed", asked=5, answered=5, completed_at=5)
    worker.interpreter.end_all(6 * SECOND)
    merged = threadtrail.merge([*setup.events, *worker.events])
    (created,) = [event for event in merged if isinstance(event, RunCreated)]
    (run,) = [event.run for event in merged if isinstance(event, RunEnded)]
    assert not run.observed_from_start
    assert created.assistant is not None
    assert run.assistant == created.assistant
    assert created.assistant.name == name
