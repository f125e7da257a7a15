"""Exporters that use the SDK, flush or collect garbage in their own hook: nothing hangs or is lost."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from recording.invariants import check_story
from threadtrail.events import AssistantCreated, Event, RunEnded
from threadtrail.hookspecs import hookimpl
from threadtrail.testing.server import RunScript

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from openai import OpenAI

    from threadtrail.testing import AssistantsServer

pytestmark = [pytest.mark.usefixtures("strict"), pytest.mark.timeout(20)]


class Busy:
    """An exporter that does something of its own when a run has ended."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self.act = act
        self.acted: list[Any] = []
        self.events: list[Event] = []

    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        self.events.extend(events)
        if any(isinstance(event, RunEnded) for event in events):
            self.acted.append(self.act())


def stream_a_run(client: OpenAI) -> None:
    assistant_id = client.beta.assistants.create(model="gpt-4o").id
    thread_id = client.beta.threads.create().id
    with client.beta.threads.runs.stream(thread_id=thread_id, assistant_id=assistant_id) as stream:
        stream.until_done()


def test_an_exporter_that_itself_uses_the_sdk(client: OpenAI) -> None:
    exporter = Busy(lambda: client.beta.assistants.create(model="gpt-4o", name="from within"))
    with threadtrail.instrument(exporters=[exporter]):
        stream_a_run(client)
        assert threadtrail.flush()
        assert threadtrail.flush()  # what the exporter did during the first
    assert [type(event) for event in exporter.events][-2:] == [RunEnded, AssistantCreated]


def test_an_exporter_that_flushes(client: OpenAI) -> None:
    exporter = Busy(threadtrail.flush)
    with threadtrail.instrument(exporters=[exporter]):
        stream_a_run(client)
        assert threadtrail.flush()
    check_story(exporter.events)
    assert exporter.acted == [False]  # at once: it would wait for itself


@pytest.mark.slow
def test_a_stream_that_is_collected_while_an_exporter_works(client: OpenAI, server: AssistantsServer) -> None:
    server.script_next(RunScript("one two three"))
    exporter = Busy(gc.collect)
    with threadtrail.instrument(exporters=[exporter]):
        assistant_id = client.beta.assistants.create(model="gpt-4o").id
        stream = client.beta.threads.create_and_run(assistant_id=assistant_id, stream=True)
        for _ in range(9):
            next(stream)
        stream.response.close()
        del stream
        stream_a_run(client)
        assert threadtrail.flush()
    check_story(exporter.events)
    assert [event.run.finished for event in exporter.events if isinstance(event, RunEnded)] == [True, False]
