"""A run that has ended waits for the list that the app is reading, however long the server takes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from driving import new_assistant, new_thread, poll, resolved
from threadtrail.context import Scope
from threadtrail.events import RunEnded
from threadtrail.recording.interpreter import Interpreter
from threadtrail.recording.observation import Call, Raised, Returned
from threadtrail.sources import SOURCES
from threadtrail.testing import capture
from threadtrail.testing.server import Gate, Hang
from threadtrail.values import Failure

if TYPE_CHECKING:
    from threadtrail.events import Event
    from threadtrail.testing import AssistantsServer

OPERATIONS = {row.operation.name: row.operation for source in SOURCES for row in source.rows()}
SETTLE, PATIENCE = 1.0, 100.0


class Stage:
    """A run that ended at second 1, and a list of its messages that began right then."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.interpreter = Interpreter(
            lambda event, _contexts: self.events.append(event),
            {source.name: source.reader for source in SOURCES},
        )
        self.interpreter.following.ends.configure(
            settle_seconds=SETTLE, run_timeout_seconds=PATIENCE, max_open_runs=10
        )
        run = {"object": "thread.run", "id": "run_1", "thread_id": "thread_1", "status": "completed"}
        ids = {"run_id": "run_1", "thread_id": "thread_1"}
        retrieve = Call(OPERATIONS["threads.runs.retrieve"], 1, ids, None, Scope())
        self.interpreter.handle(Returned(retrieve, 1, run), 1.0)
        self.list: Call | None = Call(
            OPERATIONS["threads.messages.list"], 1, {"thread_id": "thread_1"}, None, Scope()
        )
        self.interpreter.handle(self.list, 1.0)

    def ended(self, now: float) -> bool:
        self.interpreter.tick(now)
        return any(isinstance(event, RunEnded) for event in self.events)


def test_it_waits_while_the_list_is_read_and_no_longer() -> None:
    stage = Stage()
    assert not stage.ended(50.0)
    assert stage.list is not None
    stage.interpreter.handle(Returned(stage.list, 50, {"object": "list", "data": []}), 50.0)
    assert stage.ended(50.0 + SETTLE)


def test_it_waits_for_a_list_that_raises_no_longer() -> None:
    stage = Stage()
    assert stage.list is not None
    stage.interpreter.handle(Raised(stage.list, 5, Failure(type="timeout")), 5.0)
    assert stage.ended(5.0 + SETTLE)


def test_it_waits_no_longer_than_the_timeout_of_a_run() -> None:
    stage = Stage()
    assert not stage.ended(PATIENCE - 1)
    assert stage.ended(1.0 + PATIENCE)


def test_it_does_not_wait_for_a_list_that_was_thrown_away() -> None:
    stage = Stage()
    stage.list = None
    assert stage.ended(1.0 + SETTLE)


def test_it_does_not_wait_for_another_thread() -> None:
    stage = Stage()
    stage.list = None
    elsewhere = Call(OPERATIONS["threads.messages.list"], 1, {"thread_id": "thread_2"}, None, Scope())
    stage.interpreter.handle(elsewhere, 2.0)
    assert stage.ended(1.0 + SETTLE)


def test_a_flush_ends_the_wait() -> None:
    stage = Stage()
    stage.interpreter.following.ends.settle()
    assert stage.ended(2.0)


@pytest.mark.parametrize("what", ["messages", "steps"])
async def test_the_real_client_reads_a_slow_list(
    what: str, any_client: Any, server: AssistantsServer, strict: None
) -> None:
    with capture(settle_seconds=0.01) as captured:
        threads = any_client.beta.threads
        thread_id, assistant_id = await new_thread(any_client), await new_assistant(any_client)
        run = await poll(
            any_client, await resolved(threads.runs.create(thread_id, assistant_id=assistant_id))
        )
        gate = Gate()
        if what == "messages":
            server.inject(Hang(gate), "messages.list")
        else:
            server.inject(Hang(gate), "steps.list")
        # Long after the run has settled, and not after a time that a busy machine could exceed.
        opener = threading.Timer(0.3, gate.open)
        opener.start()
        listed = (
            threads.messages.list(thread_id)
            if what == "messages"
            else threads.runs.steps.list(run.id, thread_id=thread_id)
        )
        await resolved(listed)
        opener.join()
    whole = captured.run()
    assert whole.output if what == "messages" else whole.steps[0].id
