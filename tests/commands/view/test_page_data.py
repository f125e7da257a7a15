from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from threadtrail import prices
from threadtrail.commands.view.contents import page_data
from threadtrail.commands.view.rows import FIELDS, PREVIEW
from threadtrail.events import RequestFailed
from threadtrail.testing import samples
from threadtrail.values import Failure, ReasoningPart, Run, TextPart

RUNS = samples.sample_runs()
TURN = samples.events_of_turn(RUNS["answered_calls"], RUNS["answering_response"])
Object = dict[str, Any]


def shown(*events: Any) -> tuple[dict[str, Object], dict[str, Object]]:
    """The rows and the details of a page, by handle."""
    data = page_data(events, title="test")
    rows = {each.row[0]: dict(zip(FIELDS, each.row, strict=True)) for each in data.shown}
    return rows, {each.detail["handle"]: each.detail for each in data.shown}


def of_run(run: Run) -> tuple[Object, Object]:
    rows, details = shown(*samples.events_of(run))
    return rows[run.key], details[run.key]


def lanes(detail: Object) -> list[tuple[str, str, float, float]]:
    return [
        (each["label"], each["kind"], each["start"], each["end"]) for each in detail["waterfall"]["lanes"]
    ]


def test_a_turn_stands_above_its_runs_and_has_their_sums() -> None:
    rows, details = shown(*TURN)
    turn, *runs = rows.values()
    assert (turn["kind"], turn["state"], turn["calls"], turn["tokens"]) == ("turn", "good", 3, 762)
    assert [run["parent"] for run in runs] == [turn["handle"]] * 2
    assert turn["duration"] == 3400.0
    assert sum(run["tokens"] for run in runs) == turn["tokens"]
    detail = details[turn["handle"]]
    assert detail["runs"] == [run["handle"] for run in runs]
    assert detail["numbers"]["spent"] == {"generating": 2000.0, "person": 1400.0}
    assert all(details[handle]["turn"] == turn["handle"] for handle in detail["runs"])


def test_the_waterfall_of_a_turn_has_a_lane_for_each_generation_tool_and_person() -> None:
    _, details = shown(*TURN)
    turn = details["turn:resp_answered_calls"]
    model = "gpt-5.2-2025-12-11"
    assert lanes(turn) == [
        (model, "run", 0.0, 1200.0),
        ("get_weather", "tools", 1200.0, 2600.0),
        ("take_note", "tools", 1200.0, 2600.0),
        ("send_mail", "person", 1200.0, 2600.0),
        (model, "run", 2600.0, 3400.0),
    ]
    assert turn["waterfall"]["band"] == [
        ["generating", 0.0, 1200.0],
        ["person", 1200.0, 2600.0],
        ["generating", 2600.0, 3400.0],
    ]


def test_an_assistants_run_shows_its_queue_steps_and_statuses() -> None:
    row, detail = of_run(RUNS["parallel_function_calls"])
    assert (row["name"], row["calls"], row["duration"]) == ("Math Tutor", 3, 3800.0)
    labels = [label for label, *_ in lanes(detail)]
    assert labels[0] == "Math Tutor"
    assert labels.count("get_weather") == 3
    kinds = {kind for kind, *_ in detail["waterfall"]["lanes"][0]["segments"]}
    assert kinds == {"queued", "generating", "tools"}
    assert [mark[1] for mark in detail["waterfall"]["marks"]][-1] == "completed"
    together = sum(detail["numbers"]["spent"].values())
    assert together == detail["numbers"]["duration"]


def test_a_call_without_an_answer_is_open_until_the_end() -> None:
    _, detail = of_run(RUNS["open_call"])
    call = detail["waterfall"]["lanes"][-1]
    assert call["open"]
    assert call["end"] == detail["waterfall"]["length"]
    (shown_call,) = [item for item in detail["conversation"] if item["kind"] == "call"]
    assert shown_call["open"]
    assert "output" not in shown_call


def test_a_hosted_tool_is_another_kind_and_its_failure_is_seen() -> None:
    _, detail = of_run(RUNS["hosted_tools"])
    hosted = [lane for lane in detail["waterfall"]["lanes"] if lane["kind"] == "hosted"]
    assert len(hosted) == 7
    assert [lane["label"] for lane in hosted if lane.get("state") == "bad"] == ["get_policy"]
    assert dict(detail["billed"])["web_search"] == {"json": '{"num_requests":1}'}


def test_a_failed_run_says_why_in_row_and_detail() -> None:
    row, detail = of_run(RUNS["failed"])
    error = RUNS["failed"].error
    assert error is not None
    assert row["state"] == "bad"
    assert row["error"] == f"{error.type}: {error.message}"
    assert detail["error"] == {"type": error.type, "message": error.message}


def test_states_of_all_samples() -> None:
    states = {name: of_run(run)[0]["state"] for name, run in RUNS.items()}
    assert {name for name, state in states.items() if state == "bad"} == {
        "failed", "expired", "failed_response",
    }  # fmt: skip
    assert {name for name, state in states.items() if state == "warning"} == {
        "incomplete", "cancelled", "unfinished",
        "incomplete_response", "cancelled_response", "unfinished_response",
    }  # fmt: skip


def test_a_run_without_an_end_is_in_progress() -> None:
    rows, details = shown(*samples.events_of(RUNS["parallel_function_calls"])[:-1])
    (row,) = rows.values()
    assert row["state"] == "open"
    assert "In progress" in details[row["handle"]]["notes"][0]


def test_a_failed_request_stands_with_its_run_or_alone() -> None:
    run = RUNS["plain_answer"]
    failed = RequestFailed(
        time=2_000_000,
        started_at=1_000_000,
        operation="responses.create",
        error=Failure(type="rate_limit_exceeded", message="Wait."),
        status_code=429,
    )
    rows, details = shown(*samples.events_of(run), failed, replace(failed, run_id=run.id))
    alone = rows[f"request:{1_000_000}"]
    assert (alone["name"], alone["state"], alone["duration"]) == ("responses.create", "bad", 1.0)
    assert len(details[run.id]["requests"]) == 1
    assert ["HTTP status", 429] in details[run.id]["requests"][0]["fields"]


def test_input_that_was_sent_before_is_folded() -> None:
    first = RUNS["plain_response"]
    run = replace(first, input=(*first.input, *first.input), input_repeated=len(first.input))
    _, detail = of_run(run)
    (earlier,) = [item for item in detail["conversation"] if item["kind"] == "earlier"]
    assert len(earlier["items"]) == len(first.input)


def test_remote_images_are_addresses_and_reasoning_is_a_thought() -> None:
    _, detail = of_run(RUNS["reasoning_response"])
    assert any(item["kind"] == "thought" for item in detail["conversation"])
    text = json.dumps(detail)
    thought = next(
        part
        for step in RUNS["reasoning_response"].steps
        for part in step.parts
        if isinstance(part, ReasoningPart)
    )
    assert json.dumps(thought.text) in text


def test_two_servers_with_one_id_have_two_handles() -> None:
    events = samples.events_of(RUNS["plain_answer"])
    elsewhere = [replace(event, server_address="other.example.com") for event in events]
    rows, _ = shown(*events, *elsewhere)
    assert list(rows) == ["run_plain_answer", "run_plain_answer~2"]


def test_previews_are_short_whatever_the_message() -> None:
    first = RUNS["plain_answer"]
    message = replace(first.input[0], parts=(TextPart(text="word \n" * 1_000_000),))
    row, _ = of_run(replace(first, input=(message,)))
    assert len(row["preview"]) <= PREVIEW
    assert "\n" not in row["preview"]


@pytest.mark.skipif(not prices.installed(), reason="genai-prices is not installed")
def test_costs_are_those_of_the_prices() -> None:
    events = samples.events_of(RUNS["plain_answer"])
    expected = prices.cost(events[-1]).amount  # type: ignore[arg-type]  # the last one is its end
    row, detail = of_run(RUNS["plain_answer"])
    assert expected is not None
    assert row["cost"] == float(expected)
    assert detail["numbers"]["priced"].startswith("USD, genai-prices ")
    assert detail["numbers"]["priced"].endswith(", prices of 2025-01-01")
    unknown = replace(RUNS["plain_answer"], model="nobody-knows")
    row, detail = of_run(unknown)
    assert row["cost"] is None
    assert "nobody-knows" in detail["numbers"]["unpriced"]
