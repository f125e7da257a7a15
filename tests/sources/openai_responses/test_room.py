"""What is kept of responses is bounded by size as well as by number, and what is forgotten is counted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recording.stage import OPERATIONS, SECOND, Stage
from sources.noting import Notes
from threadtrail.context import Scope
from threadtrail.events import RunCreated, RunEnded, ToolCallCompleted
from threadtrail.recording import room
from threadtrail.recording.observation import Call, Returned, StreamClosed
from threadtrail.sources import delta_stream
from threadtrail.sources.openai_responses.streams import ResponseStream
from threadtrail.values import Failure

LARGE = "x" * 100_000
ROOM = 1_000_000
CREATE, RETRIEVE = "responses.create", "responses.retrieve"


@pytest.fixture(autouse=True)
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MEASURE_EVERY_BYTES", 200_000)
    for name in ("OPEN_RUNS_BYTES", "SET_ASIDE_BYTES", "OPEN_CALLS_BYTES", "REMEMBERED_BYTES"):
        monkeypatch.setattr(room, name, ROOM)


def asks(number: int, text: str) -> dict[str, Any]:
    """An answer that asks the app to call a function with this text."""
    return {
        "type": "function_call",
        "id": f"fc_{number}",
        "call_id": f"call_{number}",
        "name": "keep",
        "arguments": text,
        "status": "completed",
    }


def see(
    stage: Stage,
    number: int,
    status: str,
    *output: dict[str, Any],
    text: str = "hi",
    looked_at: int | None = None,
) -> None:
    """A response is created in the first second, or, at ``looked_at``, retrieved."""
    name, at = f"resp_{number}", looked_at or 1
    operation = CREATE if looked_at is None else RETRIEVE
    request = {"model": "gpt-5.2", "background": True, "input": text} if looked_at is None else {}
    ids = {"run_id": name} if looked_at is not None else {}
    call = Call(OPERATIONS[operation], at * SECOND, ids, None, Scope(), request=json.dumps(request).encode())
    body = {"object": "response", "id": name, "status": status, "created_at": 1, "model": "gpt-5.2"}
    answer = json.dumps({**body, "background": True, "output": list(output)}).encode()
    stage.interpreter.handle(Returned(call, at * SECOND, answer), float(at))


def forgotten(stage: Stage) -> dict[str, int]:
    return {what: count for what, count in stage.interpreter.forgotten.items() if count}


def test_calls_that_are_never_answered() -> None:
    stage = Stage()
    for number in range(40):
        see(stage, number, "completed", asks(number, LARGE))
    given_up = forgotten(stage)["calls without outputs"]
    assert 25 <= given_up <= 35
    ended = [event.tool_call for event in stage.events if isinstance(event, ToolCallCompleted)]
    assert [call.id for call in ended] == [f"call_{number}" for number in range(given_up)]
    assert all(call.output is None for call in ended)
    assert len([event for event in stage.events if isinstance(event, RunEnded)]) == 40


def test_small_calls_wait_however_much_is_read() -> None:
    stage = Stage()
    see(stage, 0, "completed", asks(0, "{}"))
    for number in range(1, 40):
        see(stage, number, "completed", text=LARGE)
    assert "calls without outputs" not in forgotten(stage)
    assert not [event for event in stage.events if isinstance(event, ToolCallCompleted)]


def test_a_response_that_was_given_up_is_superseded_and_stays_in_its_turn() -> None:
    stage = Stage()
    for number in range(40):
        see(stage, number, "queued", text=LARGE)
    counts = forgotten(stage)
    assert counts["runs published early"] >= 25
    assert counts["unfinished runs"] >= 15
    see(stage, 0, "completed", looked_at=5_000)
    of_it = [event for event in stage.events if isinstance(event, RunEnded) and event.run.id == "resp_0"]
    assert [(event.run.finished, event.supersedes) for event in of_it] == [(False, False), (True, True)]
    assert {event.run.session_key for event in of_it} == {"resp_0"}
    created = [event.run_id for event in stage.events if isinstance(event, RunCreated)]
    assert len(created) == len(set(created)) == 40


def test_text_of_streams_that_broke() -> None:
    stage = Stage()
    for number in range(40):
        call = Call(OPERATIONS[RETRIEVE], SECOND, {"run_id": f"resp_{number}"}, None, Scope())
        delta = json.dumps({"output_index": 0, "content_index": 0, "sequence_number": 3, "delta": LARGE})
        pieces = [("response.output_text.delta", delta)]
        stage.interpreter.handle(StreamClosed(call, SECOND, Failure(type="ReadError"), pieces), 1.0)
    assert 25 <= forgotten(stage)["messages and assistants"] <= 35


def test_sessions_share_the_room_for_their_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "SESSIONS_BYTES", 2_000)
    stage = Stage()
    for number in range(40):
        see(stage, number, "completed", text=LARGE)
    assert 10 <= forgotten(stage)["input of sessions"] <= 30


# -- in the app's thread --------------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "most"), [("MAX_PIECES", 3), ("MAX_BYTES", 300)])
def test_pieces_of_a_stream(monkeypatch: pytest.MonkeyPatch, limit: str, most: int) -> None:
    monkeypatch.setattr(delta_stream, limit, most)
    notes = Notes()
    reader = ResponseStream(notes)
    reader.text("response.output_item.added", "{}")
    for _ in range(8):
        reader.text("response.output_text.delta", "x" * 100)
    assert notes.unkept_pieces == 5
    assert len(reader.pieces()) == 3
    reader.text("response.output_text.delta", "x" * 100)
    assert notes.unkept_pieces == 5
    reader.text("response.output_item.done", "{}")
    assert reader.pieces() == []
