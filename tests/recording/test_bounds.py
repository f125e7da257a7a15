"""What is kept is bounded, and a poll costs little however often it is repeated."""

from __future__ import annotations

import gc
import itertools
import sys
from typing import TYPE_CHECKING, Any

import pydantic_core
import pytest

from driving import new_assistant, new_thread, resolved
from recording.invariants import check_story
from recording.stage import CREATE, SECOND, SUBMIT, Stage
from threadtrail._guard import Guard
from threadtrail.delivery.delivery import Delivery
from threadtrail.events import RunCreated, RunEnded, RunStatusChanged
from threadtrail.instrumentation import copies, results, sink
from threadtrail.recording import store, turns
from threadtrail.recording.bounded import Latest
from threadtrail.sources import SOURCES, bodies
from threadtrail.sources.openai_assistants import memory
from threadtrail.testing import capture
from threadtrail.testing.server import Hangs, RunScript

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai import OpenAI

    from threadtrail.testing import AssistantsServer, Captured

# -- answers that were overtaken ------------------------------------------------------------------------


def test_a_slow_answer_does_not_turn_the_run_back() -> None:
    stage = Stage()
    stage.answer("queued", asked=1, answered=2, operation=CREATE)
    stage.answer("in_progress", asked=4, answered=5)
    stage.answer("queued", asked=3, answered=6)
    stage.answer("completed", asked=7, answered=8)
    stage.answer("in_progress", asked=6, answered=9)
    assert stage.statuses == ["queued", "in_progress", "completed"]


def test_a_slow_answer_may_still_know_more() -> None:
    stage = Stage()
    stage.answer("queued", asked=1, answered=2, operation=CREATE)
    stage.answer("in_progress", asked=4, answered=5)
    stage.answer("completed", asked=3, answered=6)
    assert stage.statuses == ["queued", "in_progress", "completed"]


def test_a_poll_that_was_asked_before_outputs_were_submitted() -> None:
    stage = Stage()
    stage.answer("queued", asked=1, answered=2, operation=CREATE)
    stage.answer("requires_action", asked=3, answered=4)
    stage.answer("queued", asked=5, answered=7, operation=SUBMIT)
    stage.answer("requires_action", asked=6, answered=8)
    stage.answer("in_progress", asked=9, answered=10)
    assert stage.statuses == ["queued", "requires_action", "queued", "in_progress"]


# -- bounded state --------------------------------------------------------------------------------------


def test_the_oldest_open_run_gives_way() -> None:
    stage = Stage(max_open_runs=3)
    for number in range(5):
        stage.answer("queued", asked=number, answered=number + 1, run=f"run_{number}", operation=CREATE)
    published = [event.run.id for event in stage.events if isinstance(event, RunEnded)]
    assert published == ["run_0", "run_1"]
    assert len(stage.interpreter.following.runs) == 3
    stage.interpreter.end_all(99 * SECOND)
    check_story(stage.events)


def test_runs_are_given_up_when_their_time_is_over_and_not_before() -> None:
    stage = Stage(run_timeout_seconds=100.0)
    stage.answer("queued", asked=1, answered=1, operation=CREATE)
    stage.answer("in_progress", asked=60, answered=60)
    assert stage.interpreter.following.ends.next_deadline() == 160.0
    stage.interpreter.tick(159.0)
    assert len(stage.interpreter.following.runs) == 1
    stage.interpreter.tick(160.0)
    assert len(stage.interpreter.following.runs) == 0
    assert stage.interpreter.following.ends.next_deadline() is None


def create_runs(stage: Stage, numbers: Iterator[int], count: int) -> int:
    """Create runs that nobody will look at again; return how many blocks of memory are in use then."""
    for number in itertools.islice(numbers, count):
        stage.answer("queued", asked=1, answered=1, run=f"run_{number}", operation=CREATE)
    gc.collect()
    return sys.getallocatedblocks()


@pytest.mark.slow
def test_memory_is_flat_over_thousands_of_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    # Whatever the bounds are: what is bounded is full soon.
    monkeypatch.setattr(store, "PUBLISHED_RUNS", 400)
    monkeypatch.setattr(store, "KNOWN_IDS", 400)
    monkeypatch.setattr(turns, "IDS", 400)
    monkeypatch.setattr(store, "SET_ASIDE_RUNS", 100)
    monkeypatch.setattr(memory, "KNOWN_ASSISTANTS", 100)
    monkeypatch.setattr(memory, "KNOWN_THREADS", 100)
    stage, numbers = Stage(max_open_runs=100), itertools.count()
    stage.keep = False
    early = create_runs(stage, numbers, 600)
    late = create_runs(stage, numbers, 3_000)
    assert len(stage.interpreter.following.runs) == 100
    assert stage.unfinished == 3_500
    assert late - early < 500  # one object kept for each run would make it 3,000
    stage.interpreter.end_all(SECOND)
    assert stage.unfinished == 3_600


def test_the_latest_entries_are_kept_within_bounds() -> None:
    latest: Latest[int, str] = Latest(80)
    for number in range(1_000):
        latest.put(number, "first")
        latest.put(0, "again")  # the newest one each time
        assert latest.get(0) == "again"
        assert all(kept in latest for kept in range(max(0, number - 78), number + 1))
        assert sum(kept in latest for kept in range(1_000)) <= 90
    latest.pop(0)
    assert latest.get(0) is None


def test_run_ids_are_remembered_within_bounds() -> None:
    nothing: Any = None
    remembering = sink.Sink(nothing, Delivery([]), Guard(), SOURCES)
    for number in range(3 * sink.KNOWN_RUNS):
        remembering.know(f"run_{number}")
        assert f"run_{number}" in remembering.known_runs
    assert len(remembering.known_runs) <= sink.KNOWN_RUNS


@pytest.mark.usefixtures("strict")
def test_runs_that_nobody_looks_at_again_are_published_once(client: OpenAI, server: AssistantsServer) -> None:
    server.script(RunScript("never", end=Hangs()))
    assistant_id = client.beta.assistants.create(model="gpt-4o").id
    with capture(max_open_runs=10) as captured:
        for _ in range(40):
            client.beta.threads.create_and_run(assistant_id=assistant_id)
        assert len(captured.runs) == 30
    assert len(captured.runs) == len(captured.of(RunCreated)) == 40
    assert not any(run.finished for run in captured.runs)
    check_story(captured.events)


# -- cost -----------------------------------------------------------------------------------------------


class Counted:
    """Calls a function, and counts."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.calls = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        return self.function(*args, **kwargs)


@pytest.mark.parametrize("way", ["retrieve", "poll", "raw"])
async def test_a_poll_does_not_serialise_the_run_again(
    way: str,
    any_client: Any,
    server: AssistantsServer,
    recorded: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.script_next(RunScript("x is 1.", polls=50))
    runs = any_client.beta.threads.runs
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    run = await resolved(runs.create(thread_id, assistant_id=assistant_id))
    assert len(recorded.of(RunStatusChanged)) == 1, "what was noted so far is read before the counting begins"
    copied, parsed = Counted(copies.copy_model), Counted(pydantic_core.from_json)
    monkeypatch.setattr(results, "copy_model", copied)
    monkeypatch.setattr(bodies, "from_json", parsed)
    if way == "poll":
        await resolved(runs.poll(run.id, thread_id, poll_interval_ms=0))
    else:
        retrieve = (runs.with_raw_response if way == "raw" else runs).retrieve
        for _ in range(50):
            await resolved(retrieve(run.id, thread_id=thread_id))
    assert recorded.run().poll_count == 50
    assert [change.status for change in recorded.of(RunStatusChanged)] == [
        "queued",
        "in_progress",
        "completed",
    ]
    # There are two changes to be published.
    assert copied.calls == 0
    assert parsed.calls == 2
