"""What a run cost stands beside its tokens, where ``genai-prices`` is there."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from openai import AzureOpenAI

import threadtrail
from threadtrail._guard import guard
from threadtrail.events import RunEnded
from threadtrail.exporters.console import ConsoleExporter
from threadtrail.testing.samples import events_of, events_of_turn, sample_runs
from threadtrail.testing.server import Message, RunScript, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from threadtrail.events import Event
    from threadtrail.testing import OpenAIServer

RUNS = sample_runs()
TURN = events_of_turn(RUNS["answered_calls"], RUNS["answering_response"])


def printed(events: Iterable[Event], *, costs: bool = True) -> str:
    stream = io.StringIO()
    exporter = ConsoleExporter(stream, costs=costs)
    exporter.export(list(events))
    return stream.getvalue()


def tokens(text: str) -> list[str]:
    return [line for line in text.splitlines() if "── tokens" in line]


@pytest.fixture
def _library() -> None:
    pytest.importorskip("genai_prices")


@pytest.mark.usefixtures("_library")
def test_the_cost_of_a_run_and_of_a_turn_stands_beside_its_tokens() -> None:
    # gpt-4o-2024-08-06: 2.5 in, 10 out of a million.
    (run,) = tokens(printed(events_of(RUNS["plain_answer"])))
    assert run.endswith(" · 125 total · $0.00047"), run
    # gpt-5.2: 1.75 in, 0.175 cached, 14 out: 310 and 60, then 124, 256 cached and 12.
    (turn,) = tokens(printed(TURN))
    assert turn.endswith(" · 762 total · $0.0018"), turn


@pytest.mark.usefixtures("_library")
def test_a_run_that_was_recorded_from_a_server_has_its_cost(server: OpenAIServer) -> None:
    script = RunScript(Message("x = 1", usage=Usage(1_000, 100, cached_tokens=400)))
    server.script_next(script)
    stream = io.StringIO()
    with threadtrail.instrument(exporters=[ConsoleExporter(stream)]):
        client = AzureOpenAI(
            azure_endpoint=server.azure_endpoint, api_key="any", api_version="2025-04-01-preview"
        )
        client.responses.create(model="gpt-4o", input="3x + 11 = 14")
        client.close()
    (line,) = tokens(stream.getvalue())
    assert line.endswith(" · $0.0030"), "600 at 2.5, 400 at 1.25 and 100 at 10"


@pytest.mark.usefixtures("_library")
def test_a_turn_that_goes_on_has_the_cost_of_all_its_runs() -> None:
    stream = io.StringIO()
    exporter = ConsoleExporter(stream)
    first_end = next(place for place, event in enumerate(TURN) if isinstance(event, RunEnded)) + 1
    exporter.export(TURN[:first_end])
    exporter.flush()
    exporter.export(TURN[first_end:])
    assert tokens(stream.getvalue())[-1].endswith(" · $0.0018")


@pytest.mark.usefixtures("_library")
def test_an_unknown_model_is_named_and_a_server_of_ones_own_is_left_alone() -> None:
    run = replace(RUNS["plain_answer"], model="my-model")
    (line,) = tokens(printed(events_of(run)))
    assert line.endswith(" · no price: openai has no model my-model")
    elsewhere = [replace(event, provider="127.0.0.1") for event in events_of(run)]
    (line,) = tokens(printed(elsewhere))
    assert line.endswith(" · 125 total")


@pytest.mark.usefixtures("_library")
def test_what_is_not_in_the_amount_is_said() -> None:
    (line,) = tokens(printed(events_of(RUNS["code_interpreter"])))
    assert line.endswith(" · without its code interpreter")


def test_costs_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "genai_prices", raising=False)
    (line,) = tokens(printed(events_of(RUNS["plain_answer"]), costs=False))
    assert line.endswith(" · 125 total")
    assert "genai_prices" not in sys.modules


def test_without_the_library_there_is_no_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    (line,) = tokens(printed(events_of(RUNS["plain_answer"])))
    assert line.endswith(" · 125 total")


@pytest.mark.usefixtures("_library")
def test_a_library_that_fails_takes_only_the_cost_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise TypeError("another version")

    monkeypatch.setattr("genai_prices.calc_price", fail)
    monkeypatch.setattr(guard, "strict", False)
    (line,) = tokens(printed(events_of(RUNS["plain_answer"])))
    assert line.endswith(" · 125 total")
    assert guard.counts["costs by genai-prices"] == 1


@pytest.mark.usefixtures("_library")
def test_the_library_is_imported_by_the_lane_with_the_first_run() -> None:
    program = (
        "import sys, threadtrail\n"
        "threadtrail.instrument(exporters=['console'])\n"
        "print('genai_prices' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
