"""`instrument()` called again while runs are open: each is published once, and nothing of it is lost."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

import threadtrail
from driving import new_assistant, new_thread, resolved
from recording.invariants import check_story
from threadtrail.events import Event, RunCreated, RunEnded, RunStatusChanged, TraceEnded
from threadtrail.testing.capturing import Memory
from threadtrail.testing.server import RunScript

if TYPE_CHECKING:
    from typing import Any

    from openai import OpenAI

    from threadtrail.testing import AssistantsServer

pytestmark = pytest.mark.usefixtures("strict")


def ended(exporter: Memory) -> list[RunEnded]:
    return [event for event in exporter.events if isinstance(event, RunEnded)]


async def test_an_open_run_goes_on_with_the_new_configuration(
    any_client: Any, server: AssistantsServer
) -> None:
    server.script(RunScript("x is 1.", polls=2))
    former, latter = Memory(), Memory()
    runs = any_client.beta.threads.runs
    threadtrail.instrument(exporters=[former])
    assistant_id = await new_assistant(any_client, name="Tutor")
    thread_id = await new_thread(any_client, "Solve 3x + 11 = 14.")
    over = await resolved(runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id))
    with threadtrail.trace("lesson"):
        run = await resolved(runs.create(thread_id, assistant_id=assistant_id))
        threadtrail.instrument(exporters=[latter])
        await resolved(runs.poll(run.id, thread_id, poll_interval_ms=0))
    threadtrail.uninstrument()
    assert [event.run_id for event in ended(former)] == [over.id], "what had ended is the former one's"
    (published,) = ended(latter)
    assert (published.run.id, published.run.finished, published.run.status) == (run.id, True, "completed")
    assert published.run.assistant is not None
    assert published.run.assistant.name == "Tutor"
    assert published.run.poll_count == 2
    whole: list[Event] = [*former.events, *latter.events]
    check_story(whole)
    assert [event.run_id for event in whole if isinstance(event, RunCreated)] == [over.id, run.id]
    statuses = [event.status for event in whole if isinstance(event, RunStatusChanged)]
    assert statuses == ["queued", "in_progress", "completed"] * 2
    assert [event.name for event in whole if isinstance(event, TraceEnded)] == ["lesson"]


def test_nothing_is_lost_while_threads_go_on(client: OpenAI, server: AssistantsServer) -> None:
    server.script(RunScript("x is 1.", polls=2))
    exporters = [Memory() for _ in range(6)]
    threadtrail.instrument(exporters=[exporters[0]])
    assistant_id = client.beta.assistants.create(model="gpt-4o").id
    made: list[str] = []

    def work() -> None:
        for _ in range(10):
            run = client.beta.threads.create_and_run_poll(assistant_id=assistant_id, poll_interval_ms=0)
            made.append(run.id)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for exporter in exporters[1:]:
        threadtrail.instrument(exporters=[exporter])
    for thread in threads:
        thread.join()
    threadtrail.uninstrument()
    published = [event.run for exporter in exporters for event in ended(exporter)]
    assert sorted(run.id for run in published) == sorted(made)
    assert all(run.finished for run in published)
    check_story([event for exporter in exporters for event in exporter.events])


@pytest.mark.slow
def test_a_run_whose_exporter_hung_is_not_waited_for_longer_than_the_shutdown_may_take(
    client: OpenAI,
) -> None:
    released = threading.Event()

    class Hangs:
        @threadtrail.hookimpl
        def export(self, events: Any) -> None:
            released.wait()

    latter = Memory()
    threadtrail.instrument(exporters=[Hangs()], shutdown_timeout_seconds=0.2)
    assistant_id = client.beta.assistants.create(model="gpt-4o").id
    run = client.beta.threads.create_and_run(assistant_id=assistant_id)
    threadtrail.instrument(exporters=[latter])
    try:
        client.beta.threads.runs.poll(run.id, run.thread_id, poll_interval_ms=0)
        threadtrail.uninstrument()
    finally:
        released.set()
    assert [event.run_id for event in ended(latter)] == [run.id]
