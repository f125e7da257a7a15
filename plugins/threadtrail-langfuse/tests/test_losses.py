"""A backend that is away, refuses or hangs: the app does not notice, and status() counts what was lost."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from delivery.support import PATIENCE
from langfuse import Langfuse

import threadtrail
from langfuse_receiver import TRACES
from langfuse_stage import OTEL
from threadtrail.errors import EventsLostError
from threadtrail.events import RunEnded
from threadtrail.testing import wait_until
from threadtrail.testing.samples import sample_runs
from threadtrail_langfuse import LangfuseExporter

if TYPE_CHECKING:
    from langfuse_stage import Stage


@pytest.fixture
def stage(quiet_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Contained errors are what these tests are about."""
    monkeypatch.setenv("LANGFUSE_TIMEOUT", str(round(4 * PATIENCE)))
    return quiet_stage


def lost() -> int:
    return threadtrail.status().exporters["langfuse"].failed


def test_an_event_that_cannot_become_an_observation_takes_no_other_with_it(stage: Stage) -> None:
    exporter = LangfuseExporter()
    assert exporter.start() is None
    run: Any = None
    good = [RunEnded(time=1, run=each) for each in list(sample_runs().values())[:2]]
    with pytest.raises(EventsLostError, match="1 of 3 events could not be exported: ") as caught:
        exporter.export([good[0], RunEnded(time=1, run=run), good[1]], [None, None, None])
    assert caught.value.lost == 1
    assert [each.type for each in stage.langfuse.observations].count("agent") == 2
    assert exporter.flush() is False
    exporter.shutdown()


def test_what_comes_after_the_app_switched_its_client_off_is_lost(stage: Stage) -> None:
    stage.trace()
    stage.run()
    assert threadtrail.flush()
    Langfuse(tracing_enabled=False)
    stage.run()
    assert not threadtrail.flush()
    lane = threadtrail.status().exporters["langfuse"]
    assert lane.failed > 0
    assert "the app's Langfuse client is switched off" in str(lane.last_error)


@pytest.mark.parametrize("status", [401, 403, 500])
@pytest.mark.parametrize("whose", ["ours", "the app's"])
def test_what_the_backend_refuses_is_counted_and_logged_once(
    stage: Stage, caplog: pytest.LogCaptureFixture, status: int, whose: str
) -> None:
    if status == 500 and OTEL < (1, 45):
        pytest.skip("this OTLP exporter tries again for a minute before it says so")
    if whose == "the app's":
        Langfuse()
    stage.langfuse.status = status
    stage.trace()
    for _ in range(3):
        stage.run()
        assert not threadtrail.flush()
    counters = threadtrail.status().exporters["langfuse"]
    # Events that become no observation count as delivered, if they are a batch by themselves.
    assert (counters.dropped, counters.queued) == (0, 0)
    assert counters.failed >= 3
    assert "did not reach Langfuse" in str(counters.last_error)
    assert str(status) in str(counters.last_error)
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.name for record in warnings] == ["threadtrail"], warnings
    assert "exporter 'langfuse', export: failed" in warnings[0].getMessage()


@pytest.mark.parametrize(
    ("status", "location", "outcome"),
    [
        (401, None, "HTTP 401 Unauthorized"),
        (302, None, "HTTP 302 Found, a redirect"),
        (302, "http://[half", "HTTP 302 Found, a redirect"),
        (308, "https://me:secret@lf.example.com/x?key=secret", "a redirect to https://lf.example.com/x"),
    ],
)
def test_the_last_error_holds_the_backends_answer(
    stage: Stage, status: int, location: str | None, outcome: str
) -> None:
    stage.langfuse.status, stage.langfuse.location = status, location
    stage.trace()
    stage.client.beta.assistants.create(model="gpt-4o")
    assert not threadtrail.flush()
    error = str(threadtrail.status().exporters["langfuse"].last_error)
    assert error.startswith("NotDeliveredError: 1 observation did not reach Langfuse: HTTP ")
    assert error.endswith(outcome)


def test_the_last_error_says_that_nobody_answers(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGFUSE_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("LANGFUSE_TIMEOUT", "1")
    stage.trace()
    stage.run()
    assert not threadtrail.flush()
    error = str(threadtrail.status().exporters["langfuse"].last_error)
    assert error.endswith(f"Nothing answers at http://127.0.0.1:9{TRACES}: Connection refused")


def test_what_arrives_after_a_loss_is_not_counted_as_lost(stage: Stage) -> None:
    stage.langfuse.status = 401
    stage.trace()
    stage.run()
    threadtrail.flush()
    before = lost()
    stage.langfuse.status = 200
    stage.run()
    assert threadtrail.flush()
    assert lost() == before > 0
    assert threadtrail.status().exporters["langfuse"].delivered > 0


@pytest.mark.slow
def test_a_batch_that_is_taken_after_a_retry_is_not_lost(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stage.langfuse.status = 503
    stage.trace()
    stage.run(look=False)

    def recover() -> None:
        wait_until(lambda: stage.langfuse.to(TRACES))
        stage.langfuse.status = 200

    recovering = threading.Thread(target=recover)
    recovering.start()
    assert threadtrail.flush()
    recovering.join()
    assert lost() == 0
    assert threadtrail.status().exporters["langfuse"].delivered > 0
    assert not caplog.records


@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["refused", "hanging", "too many requests"])
def test_no_call_of_the_app_is_slower(stage: Stage, monkeypatch: pytest.MonkeyPatch, trouble: str) -> None:
    def seconds_for_runs() -> float:
        begin = time.perf_counter()
        for _ in range(5):
            stage.run()
        return time.perf_counter() - begin

    stage.trace()
    healthy = seconds_for_runs()
    assert threadtrail.flush()
    threadtrail.uninstrument()
    monkeypatch.setenv("LANGFUSE_TIMEOUT", "1")  # of all tries of a batch; the worker ends after them
    if trouble == "refused":
        monkeypatch.setenv("LANGFUSE_BASE_URL", "http://127.0.0.1:9")
    elif trouble == "hanging":
        stage.langfuse.answering.clear()
    else:
        stage.langfuse.status = 429
    stage.trace()
    assert seconds_for_runs() < healthy + PATIENCE, "one request alone would wait for longer"
    begin = time.perf_counter()
    flushed = threadtrail.flush(timeout=0.2)
    assert not flushed
    assert time.perf_counter() - begin < PATIENCE
    begin = time.perf_counter()
    threadtrail.shutdown(timeout=0.5)
    assert time.perf_counter() - begin < PATIENCE
    assert not threadtrail.status().exporters["langfuse"].delivered
    stage.langfuse.answering.set()


@pytest.mark.slow
def test_a_hanging_backend_is_counted_in_the_end(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGFUSE_TIMEOUT", "1")
    stage.langfuse.answering.clear()
    stage.trace()
    stage.run()
    threadtrail.flush(timeout=0.1)
    wait_until(lambda: lost() > 0)
    stage.langfuse.answering.set()


def test_the_otlp_exporter_may_still_log_for_others(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Only what it says of our batches, in our thread, is kept from the log."""
    client = Langfuse()
    stage.langfuse.status = 401
    stage.trace()
    stage.run()
    threadtrail.flush()
    with client.start_as_current_observation(name="theirs"):
        pass
    client.flush()
    own = [record for record in caplog.records if "otlp" in record.name]
    assert len(own) == 1
