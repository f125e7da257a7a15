"""Exporters that use the SDK, flush or collect garbage in their own hook: nothing hangs or is lost."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from openai import AsyncOpenAI

import threadtrail
from recording.invariants import check_story
from threadtrail.events import AssistantCreated, Event, RunEnded, TraceStarted
from threadtrail.hookspecs import hookimpl
from threadtrail.testing.server import RunScript

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from openai import OpenAI

    from fake_distributions import Installer
    from threadtrail.testing import AssistantsServer

pytestmark = [pytest.mark.usefixtures("strict"), pytest.mark.timeout(120)]


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
    exporter = Busy(lambda: stream_a_run(client))
    with threadtrail.instrument(exporters=[exporter]):
        stream_a_run(client)
        assert threadtrail.flush(60)
        assert threadtrail.flush(60)  # what the exporter did during the first
    assert [type(event) for event in exporter.events].count(RunEnded) == 1
    assert exporter.acted == [None], "its own run went through"
    check_story(exporter.events)


class EverywhereBusy(Busy):
    """An exporter whose every hook uses the SDK."""

    @hookimpl
    def start(self) -> None:
        self.acted.append(self.act())

    @hookimpl
    def capture_context(self) -> object:
        self.acted.append(self.act())
        return None

    @hookimpl
    def flush(self) -> None:
        self.acted.append(self.act())

    @hookimpl
    def shutdown(self) -> None:
        self.acted.append(self.act())


def create_an_assistant(client: OpenAI) -> str:
    return client.beta.assistants.create(model="gpt-4o", name="from within").id


def names(exporter: Busy) -> list[str | None]:
    return [event.assistant.name for event in exporter.events if isinstance(event, AssistantCreated)]


def test_no_hook_is_recorded_and_what_the_app_does_after_it_is(client: OpenAI) -> None:
    exporter = EverywhereBusy(lambda: create_an_assistant(client))
    with threadtrail.instrument(exporters=[Busy(lambda: None), exporter]):
        for name in ("one", "two"):
            client.beta.assistants.create(model="gpt-4o", name=name)
            assert threadtrail.flush(60)
    assert names(exporter) == ["one", "two"]
    assert len(exporter.acted) >= 6, "start, capture_context and flush twice, shutdown"


def test_a_redact_that_itself_uses_the_sdk(client: OpenAI) -> None:
    def redact(text: str) -> str:
        create_an_assistant(client)
        return text.upper()

    exporter = Busy(lambda: None)
    with threadtrail.instrument(exporters=[exporter], redact=redact):
        client.beta.assistants.create(model="gpt-4o", name="of the app", instructions="short")
        assert threadtrail.flush(60)
        assert threadtrail.flush(60)
    (created,) = [event for event in exporter.events if isinstance(event, AssistantCreated)]
    assert created.assistant.instructions == "SHORT"


def read_all_pages(client: OpenAI) -> None:
    assert len(list(client.beta.assistants.list(limit=1))) >= 2


def use_asyncio(server: AssistantsServer) -> None:
    async def use() -> None:
        async with AsyncOpenAI(base_url=server.base_url, api_key="sk-local") as client:
            first, _ = await asyncio.gather(
                *[client.beta.assistants.create(model="gpt-4o") for _ in range(2)]
            )
            async for _ in client.beta.assistants.list(limit=1):
                pass
            given: Any = {"assistant_id": first.id, "thread": {"messages": []}}
            async with client.beta.threads.create_and_run_stream(**given) as stream:
                await stream.until_done()

    asyncio.run(use())


def use_a_thread(client: OpenAI) -> None:
    """As the documentation says: with the context of the hook."""
    work = partial(contextvars.copy_context().run, create_an_assistant, client)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def use_a_trace(client: OpenAI) -> None:
    with threadtrail.trace("of the exporter", user_id="exporter"):
        stream_a_run(client)


@pytest.mark.parametrize("act", [read_all_pages, use_asyncio, use_a_thread, use_a_trace])
def test_whatever_an_exporter_does_there_is_one_run(
    act: Callable[[Any], None], client: OpenAI, server: AssistantsServer
) -> None:
    exporter = Busy(lambda: act(server if act is use_asyncio else client))
    with threadtrail.instrument(exporters=[exporter]):
        create_an_assistant(client)
        stream_a_run(client)
        assert threadtrail.flush(60)
        seen = len(exporter.events)
        assert threadtrail.flush(60)
        assert len(exporter.events) == seen
    assert exporter.acted == [None], "it went through"
    assert [type(event) for event in exporter.events].count(RunEnded) == 1
    assert not [event for event in exporter.events if isinstance(event, TraceStarted)]
    check_story(exporter.events)


def test_a_constructor_that_uses_the_sdk(client: OpenAI, install: Installer, here: Path) -> None:
    install("asks", {"asks": "module_asks:Exporter"}, module_asks=ASKS)
    memory = Busy(lambda: None)
    with threadtrail.instrument(exporters=[memory]):
        threadtrail.instrument(exporters={"asks": {"client": client}, "memory": memory})
        client.beta.assistants.create(model="gpt-4o", name="of the app")
        assert threadtrail.flush(60)
    assert names(memory) == ["of the app"]


ASKS = """
from threadtrail import hookimpl

class Exporter:
    def __init__(self, client):
        client.beta.assistants.create(model="gpt-4o", name="from within")

    @hookimpl
    def export(self, events): ...
"""


def test_an_exporter_that_flushes(client: OpenAI) -> None:
    exporter = Busy(threadtrail.flush)
    with threadtrail.instrument(exporters=[exporter]):
        stream_a_run(client)
        assert threadtrail.flush(60)
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
        assert threadtrail.flush(60)
    check_story(exporter.events)
    assert [event.run.finished for event in exporter.events if isinstance(event, RunEnded)] == [True, False]
