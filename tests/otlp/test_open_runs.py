"""What exporters keep of runs until they end: bounded by number and by size, each run by itself."""

from __future__ import annotations

import pytest

from threadtrail.events import Failure, RequestFailed, RunCreated, RunEnded
from threadtrail.otlp import open_runs
from threadtrail.otlp.open_runs import OpenRuns, TooManyFailuresError
from threadtrail.values import Run

LARGE = "x" * 100_000


def failed(run_id: str, host: str = "one.example", message: str = "no") -> RequestFailed:
    return RequestFailed(
        time=1,
        operation="threads.runs.retrieve",
        error=Failure(type="server_error", message=message),
        run_id=run_id,
        server_address=host,
        started_at=0,
    )


def created_elsewhere(run_id: str) -> RunCreated:
    return RunCreated(time=1, run_id=run_id, server_address="one.example", observed_from_start=False)


def ended(run_id: str, host: str = "one.example") -> RunEnded:
    return RunEnded(time=2, run=Run(id=run_id), server_address=host)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> OpenRuns:
    monkeypatch.setattr(open_runs, "MAX_BYTES", 1_000_000)
    return OpenRuns()


def test_failures_of_a_run_are_given_out_once() -> None:
    kept, failure = OpenRuns(), failed("run_1")
    kept.fail(failure)
    assert kept.end(ended("run_1")).failures == [failure]
    assert kept.end(ended("run_1")).failures == []


def test_runs_of_another_process_are_known() -> None:
    kept = OpenRuns()
    kept.begin(RunCreated(time=1, run_id="run_here", server_address="one.example"))
    kept.begin(created_elsewhere("run_there"))
    assert not kept.end(ended("run_here")).from_elsewhere
    assert kept.end(ended("run_there")).from_elsewhere


def test_it_is_bounded_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_runs, "MAX_RUNS", 2)
    monkeypatch.setattr(open_runs, "MAX_FAILURES", 3)
    kept = OpenRuns()
    for number in range(3):
        for _ in range(5):
            kept.fail(failed(f"run_{number}"))
    assert [len(kept.end(ended(f"run_{number}")).failures) for number in range(3)] == [0, 3, 3]


def test_two_servers_may_count_their_runs_alike() -> None:
    kept = OpenRuns()
    kept.begin(created_elsewhere("run_1"))
    kept.fail(failed("run_1", "two.example"))
    one, two = kept.end(ended("run_1")), kept.end(ended("run_1", "two.example"))
    assert (one.from_elsewhere, len(one.failures)) == (True, 0)
    assert (two.from_elsewhere, len(two.failures)) == (False, 1)


def test_what_has_no_room_is_refused_so_that_it_is_counted(small: OpenRuns) -> None:
    for number in range(9):
        small.fail(failed(f"run_{number}", message=LARGE))
    with pytest.raises(TooManyFailuresError):
        small.fail(failed("run_9", message=LARGE))
    small.end(ended("run_0"))
    small.fail(failed("run_100", message=LARGE))


def test_room_is_free_again_after_runs_end_are_dropped_or_cleared(
    small: OpenRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(100):
        small.fail(failed(f"run_{number}", message=LARGE))
        small.end(ended(f"run_{number}"))
    monkeypatch.setattr(open_runs, "MAX_RUNS", 3)
    for number in range(100):
        small.fail(failed(f"run_{number}", message=LARGE))
    small.clear()
    for number in range(3):
        small.fail(failed(f"run_{number}", message=LARGE))
