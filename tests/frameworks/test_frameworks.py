"""A program of each framework, with us and without: it is given the same, and each response is one run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from frameworks.played import Played, environment_of, play
from frameworks.scripted import Tokens, calls, output_of, texts, usage_of
from threadtrail.events import RequestFailed, RunEnded, ToolCallCompleted, TurnEnded

if TYPE_CHECKING:
    from threadtrail.values import Usage

FRAMEWORKS = sorted(path.stem for path in Path(__file__).with_name("requirements").glob("*.txt"))
TEXTS_ALONE = "texts alone"
"""The way of an app whose later turns repeat texts and no ids: nothing says that they are one session."""


@pytest.fixture(scope="module", params=FRAMEWORKS)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Played, Played]:
    """The program of each framework, played without threadtrail and with it, both at once."""
    name = request.param
    environment = environment_of(name)
    with ThreadPoolExecutor() as pool:
        bare = pool.submit(play, environment, name, tmp_path_factory.mktemp(name))
        recorded = pool.submit(play, environment, name, tmp_path_factory.mktemp(name), "events.jsonl")
        return bare.result(), recorded.result()


@pytest.fixture(scope="module")
def recorded(both: tuple[Played, Played]) -> Played:
    return both[1]


# -- the program ------------------------------------------------------------------------------------------


def test_the_program_is_given_the_same(both: tuple[Played, Played]) -> None:
    bare, recorded = both
    assert recorded.given == bare.given
    assert recorded.noticed == bare.noticed


def test_it_chains_its_requests_in_each_way(recorded: Played) -> None:
    for session in recorded.sessions:
        first, *later = [run for turn in session for run in turn.runs]
        match session[0].way:
            case "previous_response_id":
                assert all(run.previous_run_id for run in later)
            case "conversation":
                assert {run.thread_id for run in later} <= {first.thread_id} != {None}
            case "background":
                assert all(run.poll_count > 0 or run.first_output_at for run in (first, *later))
            case "whole input" | "texts alone":
                assert not any(run.previous_run_id or run.thread_id for run in later)


def test_it_makes_the_same_requests(both: tuple[Played, Played]) -> None:
    bare, recorded = both
    assert recorded.served.requests == bare.served.requests
    assert any(asked.get("stream") for asked in recorded.served.asked)


# -- what was recorded ------------------------------------------------------------------------------------


def test_each_response_is_one_run(recorded: Played) -> None:
    served = recorded.served
    assert not recorded.of(RequestFailed)
    assert sorted(event.run.id for event in recorded.of(RunEnded)) == sorted(
        each["id"] for each in served.responses
    )
    for run, asked, response in zip(recorded.runs, served.asked, served.responses, strict=True):
        assert (run.status, run.finished, run.source) == ("completed", True, "openai.responses")
        assert (run.model, run.background) == (response["model"], response["background"])
        assert run.previous_run_id == asked.get("previous_response_id")
        assert run.thread_id == response.get("conversation", {}).get("id")
        assert run.request.instructions == response["instructions"]
        assert (run.first_output_at is not None) == bool(asked.get("stream"))
        assert [message.text for message in run.output] == texts(response)
        assert tokens(run.usage) == usage_of(response)


def test_tool_calls_stand_on_the_run_that_asked(recorded: Played) -> None:
    for run, response in zip(recorded.runs, recorded.served.responses, strict=True):
        assert [(call.id, call.kind, call.name, call.arguments, call.output) for call in run.tool_calls] == [
            (item["call_id"], "function", item["name"], item["arguments"], output_of(item))
            for item in calls(response)
        ]
        for call in run.tool_calls:
            assert run.created_at is not None
            assert call.started_at is not None
            assert call.ended_at is not None
            assert run.created_at < call.started_at < call.ended_at
    completed = [event.tool_call.id for event in recorded.of(ToolCallCompleted)]
    assert sorted(completed) == sorted(call.id for run in recorded.runs for call in run.tool_calls)


def test_each_tool_loop_is_one_turn(recorded: Played) -> None:
    ended = [event.turn for event in recorded.of(TurnEnded)]
    turns = {turn.id: turn for turn in ended}
    assert len(ended) == len(turns)
    for way, question, runs in (turn for session in recorded.sessions for turn in session):
        first, last = runs[0], runs[-1]
        assert [run.turn_id for run in runs] == [first.id] * len(runs)
        assert [run.answers for run in runs] == [(), *((run.id,) for run in runs[:-1])]
        if first is last:
            continue  # answered at once: no turn of its own
        turn = turns.pop(first.id)
        assert turn.run_ids == tuple(run.id for run in runs)
        assert (turn.finished, turn.status) == (True, "completed")
        assert turn.tool_calls == first.tool_calls
        assert turn.output == last.output
        assert tokens(turn.usage) == Tokens(*map(sum, zip(*(tokens(run.usage) for run in runs), strict=True)))
        asked = [message.text for message in turn.input if message.role == "user"]
        assert way == TEXTS_ALONE or asked == [question], "without what an earlier turn asked"
    assert not turns


def test_each_session_has_one_key(recorded: Played) -> None:
    keys: list[str | None] = []
    for session in recorded.sessions:
        of_turns = [{run.session_key for run in turn.runs} for turn in session]
        assert [len(of_turn) for of_turn in of_turns] == [1] * len(session)
        of_session = set.union(*of_turns)
        assert len(of_session) == (len(session) if session[0].way == TEXTS_ALONE else 1)
        keys += of_session
    assert len(keys) == len(set(keys)), "no two sessions are one"


def tokens(usage: Usage | None) -> Tokens:
    assert usage is not None
    told = usage.input_tokens, usage.output_tokens, usage.total_tokens
    return Tokens(*(count or 0 for count in (*told, usage.cached_input_tokens, usage.reasoning_tokens)))
