"""What one process knows of a run's surroundings, for the run that another process follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import threadtrail
from recording.stage import LIST, OPERATIONS, SECOND, Stage
from threadtrail.context import Scope
from threadtrail.events import RunCreated, RunEnded
from threadtrail.recording.observation import Call, Returned
from threadtrail.testing import capture
from threadtrail.testing.server import WEBHOOK_SECRET, RunScript

if TYPE_CHECKING:
    from openai import OpenAI

    from threadtrail.testing import AssistantsServer

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


def test_the_conversation_of_a_run_that_only_a_webhook_reported(
    client: OpenAI, server: AssistantsServer
) -> None:
    conversation = client.conversations.create().id
    server.script(RunScript("x", polls=1))
    with capture() as web:
        begun = client.responses.create(
            model="gpt-4o", input="hi", conversation=conversation, background=True
        )
        client.responses.retrieve(begun.id)
    with capture() as handler:
        delivery = server.webhook(begun.id)
        client.webhooks.unwrap(delivery.body, delivery.headers, secret=WEBHOOK_SECRET)
    for events in ([*web.events, *handler.events], [*handler.events, *web.events]):
        of_run = [event for event in threadtrail.merge(events) if getattr(event, "run_id", None) == begun.id]
        assert {getattr(event, "thread_id", conversation) for event in of_run} == {conversation}
