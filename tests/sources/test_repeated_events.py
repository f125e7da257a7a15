"""Events of a stream that repeat the one before are not read again, unless their name is that of an end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recording.stage import OPERATIONS, SECOND
from threadtrail.context import Scope
from threadtrail.recording.facts import MessageSeen, RunSeen
from threadtrail.recording.observation import Call, StreamClosed, StreamEvent
from threadtrail.sources.openai_assistants.reader import AssistantsReader

MESSAGE = {"object": "thread.message", "id": "msg_1", "role": "assistant", "status": "in_progress"}
RUN = {"object": "thread.run", "id": "run_1", "status": "queued"}


class NoRuns:
    def get(self, _run_id: str) -> None:
        return None

    def on_thread(self, _thread_id: str | None) -> tuple[()]:
        return ()


@pytest.fixture
def reader() -> AssistantsReader:
    return AssistantsReader(NoRuns())


@pytest.fixture
def call() -> Call:
    return Call(OPERATIONS["threads.runs.create"], SECOND, {"thread_id": "thread_1"}, None, Scope())


def facts(reader: AssistantsReader, call: Call, name: str, data: dict[str, Any]) -> list[Any]:
    return list(reader.read(StreamEvent(call, SECOND, name, json.dumps(data).encode())))


def test_the_same_again_says_nothing(reader: AssistantsReader, call: Call) -> None:
    (seen,) = facts(reader, call, "thread.run.created", RUN)
    assert isinstance(seen, RunSeen)
    assert facts(reader, call, "thread.run.queued", RUN) == []
    assert len(facts(reader, call, "thread.run.in_progress", {**RUN, "status": "in_progress"})) == 1


def test_the_name_of_an_end_says_more_than_the_object(reader: AssistantsReader, call: Call) -> None:
    facts(reader, call, "thread.message.created", MESSAGE)
    (seen,) = facts(reader, call, "thread.message.completed", MESSAGE)
    assert isinstance(seen, MessageSeen)
    assert seen.ended


def test_each_stream_is_read_by_itself(reader: AssistantsReader, call: Call) -> None:
    other = Call(call.operation, SECOND, {"thread_id": "thread_1"}, None, Scope())
    assert len(facts(reader, call, "thread.run.created", RUN)) == 1
    assert len(facts(reader, other, "thread.run.created", RUN)) == 1
    assert len(facts(reader, call, "thread.run.queued", RUN)) == 1


def test_a_stream_that_was_closed_is_not_kept(reader: AssistantsReader, call: Call) -> None:
    facts(reader, call, "thread.run.created", RUN)
    list(reader.read(StreamClosed(call, SECOND)))
    assert len(facts(reader, call, "thread.run.queued", RUN)) == 1
