"""Delivery: a collector that does not answer costs the app nothing; a fork doubles nothing."""

from __future__ import annotations

import re
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from delivery.support import PATIENCE
from exporter_driving import tutor, whole_run
from exporter_programs import run_shared_program

import threadtrail
from threadtrail._guard import guard
from threadtrail.testing import unused_port
from threadtrail_opentelemetry.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from openai import OpenAI

    from otel_stage import Stage
    from threadtrail.delivery.status import LaneStatus
    from threadtrail.testing import AssistantsServer, OtlpReceiver


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["refuses", "hangs"])
def test_the_exit_is_bounded_whatever_the_collector_does(
    server: AssistantsServer, receiver: OtlpReceiver, kind: str
) -> None:
    receiver.answering.clear()
    endpoint = f"http://127.0.0.1:{unused_port()}" if kind == "refuses" else receiver.url
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_TIMEOUT": "120"}
    done = run_shared_program("dead_backend", "opentelemetry", server, variables)
    ended = time.time()
    assert ended - float(done.stdout) < PATIENCE  # the exporter alone would try for 120 s, and again


def test_the_app_does_not_wait_for_a_collector_that_hangs(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", str(4 * PATIENCE))
    stage.receiver.answering.clear()
    stage.traced()
    begun = time.perf_counter()
    for _ in range(10):
        whole_run(stage.client)
    assert time.perf_counter() - begun < PATIENCE  # the first request alone would have taken longer
    assert not threadtrail.flush(0.2)
    stage.receiver.answering.set()
    assert threadtrail.flush()
    assert len(stage.receiver.starting_with("invoke_agent")) == 10


def lane() -> LaneStatus:
    return threadtrail.status().exporters["opentelemetry"]


def test_what_a_collector_refuses_is_counted_and_the_next_goes_out(
    client: OpenAI, receiver: OtlpReceiver
) -> None:
    threadtrail.instrument(exporters={"opentelemetry": {"endpoint": receiver.url}})
    receiver.status = 400
    tutor(client)
    threadtrail.flush()
    assert (lane().delivered, lane().failed) == (0, 1)
    receiver.status = 200
    tutor(client)
    assert threadtrail.flush()
    assert lane().delivered == 1
    threadtrail.uninstrument()


# --- what is told of it ------------------------------------------------------------------------------


@pytest.fixture
def told(client: OpenAI, caplog: pytest.LogCaptureFixture) -> Iterator[Callable[..., str]]:
    """Create an assistant, and return the last error; only threadtrail itself logs it."""

    def last_error(endpoint: str, **options: Any) -> str:
        threadtrail.instrument(exporters={"opentelemetry": {"endpoint": endpoint, **options}})
        tutor(client)
        threadtrail.flush()
        assert (lane().delivered, lane().failed) == (0, 1)
        return str(lane().last_error)

    guard.after_fork_in_child()  # it logs anew
    # Metrics are sent by a thread of OpenTelemetry's own, which logs for itself.
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", str(PATIENCE))
        monkeypatch.setattr("opentelemetry.exporter.otlp.common.http._MAX_RETRIES", 1, raising=False)
        yield last_error
        threadtrail.uninstrument()
    assert {record.name for record in caplog.get_records("call")} == {"threadtrail"}


@pytest.mark.parametrize(
    ("status", "location", "answer"),
    [
        (400, None, "HTTP 400 Bad Request"),
        (401, None, "HTTP 401 Unauthorized"),
        (503, None, "HTTP 503 Service Unavailable"),
        (302, None, "HTTP 302 Found, a redirect"),
        (
            307,
            "https://me:secret@otlp.example.com/v1?key=secret",
            "a redirect to https://otlp.example.com/v1",
        ),
    ],
)
def test_the_last_error_holds_the_collectors_answer(
    told: Callable[..., str], receiver: OtlpReceiver, status: int, location: str | None, answer: str
) -> None:
    receiver.status, receiver.location = status, location
    error = told(receiver.url)
    assert error.startswith("NotDeliveredError: the collector did not accept 1 span (HTTP ")
    assert error.endswith(f"{answer})")


def test_the_last_error_says_that_nobody_answers(told: Callable[..., str]) -> None:
    address = f"http://127.0.0.1:{unused_port()}"
    assert told(f"{address}?key=secret").endswith(f"(Nothing answers at {address}: Connection refused)")


def test_the_last_error_says_that_an_answer_did_not_come_in_time(
    told: Callable[..., str], receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    receiver.answering.clear()
    assert told(receiver.url).endswith(f"({receiver.url}/v1/traces did not answer in time)")


def test_spans_and_log_records_are_counted_each(client: OpenAI, receiver: OtlpReceiver) -> None:
    options = {"endpoint": receiver.url, "message_content": "EVENT_ONLY"}
    threadtrail.instrument(exporters={"opentelemetry": options})
    receiver.status = 403
    whole_run(client)
    threadtrail.flush()
    answer = r"\(HTTP 403 Forbidden\)"
    assert re.search(rf"accept \d spans? {answer} and \d log records? {answer}$", str(lane().last_error))
    threadtrail.uninstrument()


def test_without_our_session_the_exporters_own_words_are_reported(
    told: Callable[..., str], receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a credential provider of the program's makes the requests."""
    monkeypatch.setattr(Target, "session", lambda _target, _signal: None)
    receiver.status = 401
    assert "(Failed to export span" in (error := told(receiver.url))
    assert "code: 401" in error


@pytest.mark.slow
def test_a_fork_doubles_nothing_and_loses_nothing(server: AssistantsServer, receiver: OtlpReceiver) -> None:
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
    run_shared_program("forking", "opentelemetry", server, variables)
    names = Counter(span.name for span in receiver.spans)
    assert names == {
        "create_agent before": 1,
        "invoke_agent before": 1,
        "create_agent child": 1,
        "invoke_agent child": 1,
        "create_agent parent": 1,
        "invoke_agent parent": 1,
        "chat gpt-4o": 3,
        "open across the fork": 1,
    }
    lesson, run = receiver.span("open across the fork"), receiver.span("invoke_agent parent")
    assert run.parent_id == lesson.span_id
    # Metrics, too. The parent told of one run before the fork, and of two at its end; had the child
    # inherited the first, it would have told of two as well.
    counts = [
        point.count
        for state in receiver.metric_history("gen_ai.client.operation.duration")
        for point in state
        if point.attributes["gen_ai.operation.name"] == "invoke_agent"
    ]
    assert counts.count(1) > 1
    assert max(counts) == 2
