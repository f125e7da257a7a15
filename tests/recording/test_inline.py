"""Inline, all is told before the call returns; and what comes in meanwhile is told after it."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from recording.invariants import check_story
from threadtrail.events import AssistantCreated, Event, RunEnded
from threadtrail.hookspecs import hookimpl
from threadtrail.testing import capture
from threadtrail.testing.server import SCENARIOS, RunScript

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from openai import OpenAI

    from threadtrail.testing import AssistantsServer

pytestmark = pytest.mark.usefixtures("strict")


class Busy:
    """An exporter that does something of its own when a run has ended."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self.act = act
        self.events: list[Event] = []

    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        self.events.extend(events)
        if isinstance(events[0], RunEnded):
            self.act()


def stream_a_run(client: OpenAI) -> None:
    assistant_id, thread_id = (
        client.beta.assistants.create(model="gpt-4o").id,
        client.beta.threads.create().id,
    )
    with client.beta.threads.runs.stream(thread_id=thread_id, assistant_id=assistant_id) as stream:
        stream.until_done()


def test_told_before_the_call_returns(client: OpenAI, server: AssistantsServer) -> None:
    server.script(SCENARIOS["code-interpreter"])
    with capture(inline=True) as captured:
        stream_a_run(client)
        assert isinstance(captured._memory.events[-1], RunEnded)
    check_story(captured.events)


@pytest.mark.timeout(20)
def test_an_exporter_that_itself_uses_the_sdk(client: OpenAI, server: AssistantsServer) -> None:
    exporter = Busy(lambda: client.beta.assistants.create(model="gpt-4o", name="from within"))
    with threadtrail.instrument(exporters=[exporter], inline=True):
        stream_a_run(client)
        kinds = [type(event) for event in exporter.events]
        assert kinds[-2:] == [RunEnded, AssistantCreated]


@pytest.mark.timeout(20)
def test_an_exporter_that_flushes(client: OpenAI, server: AssistantsServer) -> None:
    exporter = Busy(threadtrail.flush)
    with threadtrail.instrument(exporters=[exporter], inline=True):
        stream_a_run(client)
    check_story(exporter.events)


@pytest.mark.slow
@pytest.mark.timeout(20)
def test_a_stream_that_is_collected_while_an_exporter_works(client: OpenAI, server: AssistantsServer) -> None:
    server.script_next(RunScript("one two three"))
    exporter = Busy(gc.collect)
    with threadtrail.instrument(exporters=[exporter], inline=True):
        assistant_id = client.beta.assistants.create(model="gpt-4o").id
        stream = client.beta.threads.create_and_run(assistant_id=assistant_id, stream=True)
        for _ in range(9):
            next(stream)
        stream.response.close()
        del stream
        stream_a_run(client)
    check_story(exporter.events)
    assert [event.run.finished for event in exporter.events if isinstance(event, RunEnded)] == [True, False]
