"""What the recorder keeps is bounded by size as well as by number, and what is forgotten is counted."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from driving import new_assistant, new_thread, resolved
from recording.stage import CREATE, OPERATIONS, SECOND, SUBMIT, Stage
from sources.noting import Notes
from threadtrail.context import Scope
from threadtrail.events import RunCreated, RunEnded, TraceEnded
from threadtrail.instrumentation import unread
from threadtrail.recording import groups, room
from threadtrail.recording.observation import Call, GroupEnded, GroupStarted, Returned
from threadtrail.sources import delta_stream
from threadtrail.sources.openai_assistants.deltas import joined
from threadtrail.sources.openai_assistants.streams import AssistantStream
from threadtrail.testing import capture
from threadtrail.testing.server import Message, RunScript

if TYPE_CHECKING:
    from openai import OpenAI

    from threadtrail.testing import AssistantsServer

LARGE = "x" * 100_000
ROOM = 1_000_000


@pytest.fixture(autouse=True)
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MEASURE_EVERY_BYTES", 200_000)
    for name in ("OPEN_RUNS_BYTES", "SET_ASIDE_BYTES", "EARLY_ANSWERS_BYTES"):
        monkeypatch.setattr(room, name, ROOM)
    monkeypatch.setattr(room, "REMEMBERED_BYTES", 2 * ROOM)


def see(stage: Stage, operation: str, body: dict[str, Any], **ids: str) -> None:
    call = Call(OPERATIONS[operation], SECOND, ids, None, Scope())
    stage.interpreter.handle(Returned(call, SECOND, body), 1.0)


def ends(stage: Stage) -> list[RunEnded]:
    return [event for event in stage.events if isinstance(event, RunEnded)]


# -- runs -----------------------------------------------------------------------------------------------


def test_runs_that_are_too_large_are_given_up_the_oldest_first() -> None:
    stage = Stage()
    for number in range(40):
        stage.answer("queued", asked=1, answered=1, run=f"run_{number}", operation=CREATE, instructions=LARGE)
    assert 5 <= len(stage.interpreter.following.runs) <= 12
    given_up = 40 - len(stage.interpreter.following.runs)
    assert [event.run.id for event in ends(stage)] == [f"run_{number}" for number in range(given_up)]
    assert stage.interpreter.forgotten["runs published early"] == given_up
    assert stage.interpreter.forgotten["unfinished runs"] >= given_up - 12


def test_small_runs_are_followed_however_often_they_are_seen() -> None:
    stage = Stage()
    for second in range(1, 40):
        stage.answer(
            "in_progress", asked=second, answered=second, instructions=LARGE, operation="threads.runs.update"
        )
    assert ends(stage) == []
    assert not any(stage.interpreter.forgotten.values())


def test_a_run_of_which_nothing_is_kept_is_superseded_when_it_finishes() -> None:
    stage = Stage()
    for number in range(40):
        stage.answer("queued", asked=1, answered=1, run=f"run_{number}", operation=CREATE, instructions=LARGE)
    stage.answer("completed", asked=5_000, answered=5_000, run="run_0", completed_at=60)
    stage.interpreter.end_all(9_999 * SECOND)
    of_it = [(event.run.finished, event.supersedes) for event in ends(stage) if event.run.id == "run_0"]
    assert of_it == [(False, False), (True, True)]
    created = [event.run_id for event in stage.events if isinstance(event, RunCreated)]
    assert len(created) == len(set(created)) == 40


def test_outputs_whose_run_was_never_seen() -> None:
    stage = Stage()
    for number in range(40):
        outputs = [{"tool_call_id": "call_1", "output": LARGE}]
        ids = {"run_id": f"run_{number}", "thread_id": "thread_1"}
        call = Call(OPERATIONS[SUBMIT], SECOND, ids, None, Scope(), request={"tool_outputs": outputs})
        stage.interpreter.handle(Returned(call, SECOND, {}), 1.0)
    assert 25 <= stage.interpreter.forgotten["submitted outputs"] <= 35


# -- between calls --------------------------------------------------------------------------------------


def test_messages_that_wait_for_a_run() -> None:
    stage = Stage()
    for number in range(40):
        content = [{"type": "text", "text": {"value": LARGE, "annotations": []}}]
        message = {"object": "thread.message", "id": f"msg_{number}", "role": "user", "content": content}
        see(stage, "threads.messages.create", message, thread_id=f"thread_{number}")
    assert 25 <= stage.interpreter.forgotten["messages and assistants"] <= 35


def test_assistants_of_all_servers_share_the_room() -> None:
    stage = Stage()
    for number in range(40):
        assistant = {"object": "assistant", "id": f"asst_{number}", "model": "m", "instructions": LARGE}
        see(stage, "assistants.create", assistant)
    assert 25 <= stage.interpreter.forgotten["messages and assistants"] <= 35


def test_traces_that_are_never_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "MAX_OPEN", 3)
    stage = Stage()
    for number in range(5):
        stage.interpreter.handle(GroupStarted(number, f"t{number}", f"t{number}", None, Scope()), 1.0)
    assert [event.name for event in stage.events if isinstance(event, TraceEnded)] == ["t0", "t1"]
    assert stage.interpreter.forgotten["traces"] == 2
    stage.interpreter.handle(GroupEnded(9, "t0"), 1.0)
    stage.interpreter.end_all(10)
    ended = [event.name for event in stage.events if isinstance(event, TraceEnded)]
    assert sorted(ended) == ["t0", "t1", "t2", "t3", "t4"]


# -- in the app's thread --------------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "most"), [("MAX_PIECES", 3), ("MAX_BYTES", 700)])
@pytest.mark.usefixtures("strict")
async def test_pieces_of_a_stream_that_is_left(
    any_client: Any, server: AssistantsServer, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    monkeypatch.setattr(delta_stream, limit, most)
    server.script_next(RunScript(Message("one two three four five six seven eight nine ten")))
    with capture() as captured:
        thread_id = await new_thread(any_client)
        run = any_client.beta.threads.runs.create
        stream = await resolved(run(thread_id, assistant_id=await new_assistant(any_client), stream=True))
        deltas = 0
        if hasattr(stream, "__anext__"):
            async for event in stream:
                deltas += event.event == "thread.message.delta"
                if deltas == 8:
                    break
        else:
            for event in stream:
                deltas += event.event == "thread.message.delta"
                if deltas == 8:
                    break
        await resolved(stream.close())
        assert threadtrail.flush(60)
        lost = threadtrail.status().forgotten["pieces of streams"]
    (message,) = captured.run().output
    assert 4 <= lost <= 6
    assert message.text is not None
    assert "one two three four five".startswith(message.text.strip())


def test_a_stream_whose_objects_are_completed_keeps_nothing() -> None:
    notes = Notes()
    reader = AssistantStream(notes)
    for number in range(100):
        delta = json.dumps({"id": f"msg_{number}", "delta": {"content": ["x" * 1_000_000]}})
        reader.text("thread.message.delta", delta)
        reader.text("thread.message.completed", json.dumps({"id": f"msg_{number}"}))
    assert notes.unkept_pieces == 0
    assert reader.pieces() == []


def test_what_is_kept_of_open_objects_says_which_others_are_whole() -> None:
    reader = AssistantStream(Notes())
    for name in ("thread.run.step.created", "thread.message.created"):
        reader.text(name, "{}")
    for identity in ("msg_1", "msg_2"):
        content = [{"index": 0, "type": "text", "text": {"value": identity}}]
        reader.text("thread.message.delta", json.dumps({"id": identity, "delta": {"content": content}}))
    reader.text("thread.message.completed", json.dumps({"id": "msg_1"}))
    assert list(joined(reader.pieces())) == [("thread.message.delta", "msg_2")]


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.usefixtures("strict")
def test_a_body_that_the_app_reads_itself(
    client: OpenAI, server: AssistantsServer, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    monkeypatch.setattr(unread, "MAX_BYTES", 10 if large else 10_000_000)
    assistant = client.beta.assistants.create(model="gpt-4o")
    with capture() as captured:
        runs = client.beta.threads.with_streaming_response
        with runs.create_and_run(assistant_id=assistant.id) as response:
            response.json()
        assert threadtrail.flush(60)
        forgotten = threadtrail.status().forgotten
    assert forgotten == ({"bodies that the app reads itself": 1} if large else {})
    assert len(captured.of(RunCreated)) == (0 if large else 1)


def events_in(chunks: list[bytes]) -> list[tuple[str, bytes]]:
    """The events that a reading finds in these chunks."""
    found: list[tuple[str, bytes]] = []

    class Reading(unread.Reading):
        def _opened(self) -> Any:
            return type("Notes", (), {"text": lambda _, *event: found.append(event)})()

    response = type("Response", (), {"headers": {"content-type": "text/event-stream"}})
    nothing: Any = None
    reading = Reading(nothing, nothing, response)
    for chunk in chunks:
        reading.chunk(chunk)
    return found


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1_000])
def test_an_event_stream_is_cut_wherever_it_is(line_end: bytes, size: int) -> None:
    lines = [b"event: one", b'data: {"a": 1}', b"", b"event: two", b"data: x", b"", b"data: [DONE]", b"", b""]
    sent = line_end.join(lines)
    chunks = [sent[at : at + size] for at in range(0, len(sent), size)]
    assert events_in(chunks) == [("one", b'{"a": 1}'), ("two", b"x"), ("", b"[DONE]")]


def test_a_stream_that_never_ends_an_event_takes_linear_time_and_bounded_room() -> None:
    class Sink:
        def __init__(self) -> None:
            self.recorder = self
            self.counted: list[str] = []

        def count_unkept(self, what: str) -> None:
            self.counted.append(what)

    sink: Any = Sink()
    nothing: Any = None
    response = type("Response", (), {"headers": {"content-type": "text/event-stream"}})
    reading = unread.Reading(sink, nothing, response)
    begun = time.thread_time()
    for _ in range(unread.MAX_BYTES // 1_000 + 1):
        reading.chunk(b"data: x\n" * 125)
    assert time.thread_time() - begun < 5.0  # a tenth of a second; quadratic: minutes
    assert sink.counted == ["bodies that the app reads itself"]
    assert reading.taken
