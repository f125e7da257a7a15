"""`capture()`: what the tests of an application use."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import threadtrail
import threadtrail.testing
from threadtrail.events import RunCreated, RunEnded
from threadtrail.testing import capture
from threadtrail.testing.capturing import Memory

if TYPE_CHECKING:
    from pathlib import Path

    from openai import OpenAI

NOTHING_HEAVY = (
    "import sys, threadtrail.testing; "
    "print([name for name in ('openai', 'pydantic', 'starlette', 'wrapt') if name in sys.modules])"
)


def run_once(client: OpenAI) -> str:
    assistant_id = client.beta.assistants.create(model="gpt-4o").id
    return client.beta.threads.create_and_run_poll(assistant_id=assistant_id, poll_interval_ms=0).id


def test_what_happened_can_be_looked_at_during_the_block_and_after_it(client: OpenAI) -> None:
    with capture() as captured:
        assert not captured.events
        assert not captured.runs
        run_id = run_once(client)
        assert captured.run().id == run_id
        assert [event.run_id for event in captured.of(RunCreated)] == [run_id]
        second = run_once(client)
        assert [run.id for run in captured.runs] == [run_id, second]
        assert captured.run(second).id == second
    assert [event.run_id for event in captured.of(RunEnded)] == [run_id, second]
    run_once(client)
    assert len(captured.runs) == 2
    assert not threadtrail.status().active


@pytest.mark.slow
def test_one_run_means_one(client: OpenAI) -> None:
    with capture() as captured:
        with pytest.raises(AssertionError, match=r"expected one run; recorded: \[\]"):
            captured.run()
        run_ids = [run_once(client), run_once(client)]
        with pytest.raises(AssertionError, match=run_ids[1]):
            captured.run()
        with pytest.raises(AssertionError, match="expected one run run_none"):
            captured.run("run_none")


def test_settings_are_those_of_instrument(client: OpenAI) -> None:
    with capture(capture_content=False, settle_seconds=0.0) as captured, threadtrail.attributes(user_id="u1"):
        run_once(client)
    run = captured.run()
    assert (run.request.instructions, run.attributes.user_id) == (None, "u1")
    with pytest.raises(threadtrail.ConfigurationError, match="settle_seconds"), capture(settle_seconds=-1):
        pass


def test_an_unfinished_run_is_published_when_the_block_is_left(client: OpenAI) -> None:
    with capture() as captured:
        assistant_id = client.beta.assistants.create(model="gpt-4o").id
        client.beta.threads.create_and_run(assistant_id=assistant_id)
        assert captured.runs == []
    assert captured.run().finished is False


@pytest.mark.parametrize(
    ("variable", "value"),
    [("DISABLED", "1"), ("SAMPLE_RATE", "0"), ("EXPORTERS", "nowhere"), ("SMAPLE", "x")],
)
def test_what_is_captured_does_not_depend_on_where_the_test_runs(
    variable: str, value: str, client: OpenAI, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"THREADTRAIL_{variable}", value)
    (here / "threadtrail.toml").write_text("sample_rate = 0.0\ncapture_content = false\n")
    with capture() as captured:
        run_id = run_once(client)
    assert captured.run().id == run_id


def test_what_was_instrumented_before_goes_on_afterwards(client: OpenAI, strict: None) -> None:
    outer = Memory()
    threadtrail.instrument(exporters=[outer])
    first = run_once(client)
    with capture() as captured:
        second = run_once(client)
        with capture() as nested:
            third = run_once(client)
        fourth = run_once(client)
    fifth = run_once(client)
    assert threadtrail.flush(60)
    assert [run.id for run in captured.runs] == [second, fourth]
    assert [run.id for run in nested.runs] == [third]
    assert [event.run_id for event in outer.events if isinstance(event, RunEnded)] == [first, fifth]


def test_an_application_that_instruments_itself_is_captured_as_well(client: OpenAI, strict: None) -> None:
    ours = Memory()
    with capture() as captured:
        threadtrail.instrument(exporters=[ours])
        run_id = run_once(client)
        assert captured.run().id == run_id
    assert not threadtrail.status().active
    assert [event.run_id for event in ours.events if isinstance(event, RunEnded)] == [run_id]


def test_it_stays_a_function_however_it_is_imported() -> None:
    import threadtrail.testing.capturing

    assert threadtrail.testing.capture is capture
    assert threadtrail.testing.Captured.__name__ == "Captured"


@pytest.mark.slow
def test_importing_the_helpers_imports_nothing_heavy() -> None:
    program = [sys.executable, "-c", NOTHING_HEAVY]
    assert subprocess.run(program, check=True, capture_output=True, text=True).stdout == "[]\n"
