"""Delivery: a collector that does not answer costs the app nothing; a fork doubles nothing."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

import threadtrail
from otel_driving import tutor, whole_run
from otel_programs import program
from phoenix_server import free_port

if TYPE_CHECKING:
    from openai import OpenAI

    from otel_driving import Stage
    from otlp_receiver import Receiver
    from threadtrail.testing import AssistantsServer


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["refuses", "hangs"])
def test_the_exit_is_bounded_whatever_the_collector_does(
    server: AssistantsServer, receiver: Receiver, kind: str
) -> None:
    receiver.answering.clear()
    endpoint = f"http://127.0.0.1:{free_port()}" if kind == "refuses" else receiver.endpoint
    done = program("dead_collector", server, endpoint)
    ended = time.time()
    _, last_line_at = map(float, done.stdout.split())
    assert ended - last_line_at < 6.0  # the exporter alone would try for 10 s, and again


def test_the_app_does_not_wait_for_a_collector_that_hangs(stage: Stage) -> None:
    stage.receiver.answering.clear()
    stage.traced()
    begun = time.perf_counter()
    for _ in range(10):
        whole_run(stage.client)
    assert time.perf_counter() - begun < 8.0  # the collector would have taken 10 s for the first alone
    assert not threadtrail.flush(0.2)
    stage.receiver.answering.set()
    assert threadtrail.flush(10.0)
    assert len(stage.receiver.named("invoke_agent")) == 10


def test_what_a_collector_refuses_is_counted_and_the_next_goes_out(
    client: OpenAI, receiver: Receiver
) -> None:
    threadtrail.instrument(exporters={"opentelemetry": {"endpoint": receiver.endpoint}})
    receiver.status = 400
    tutor(client)
    threadtrail.flush()
    lane = threadtrail.status().exporters["opentelemetry"]
    assert (lane.delivered, lane.failed) == (0, 1)
    assert "did not take 1 spans" in str(lane.last_error)
    receiver.status = 200
    tutor(client)
    assert threadtrail.flush()
    assert threadtrail.status().exporters["opentelemetry"].delivered == 1
    threadtrail.uninstrument()


@pytest.mark.slow
def test_a_fork_doubles_nothing_and_loses_nothing(server: AssistantsServer, receiver: Receiver) -> None:
    program("forking", server, receiver.endpoint)
    names = Counter(span.name for span in receiver.spans)
    assert names == {
        "create_agent before": 1,
        "invoke_agent before": 1,
        "create_agent child": 1,
        "invoke_agent child": 1,
        "create_agent parent": 1,
        "invoke_agent parent": 1,
        "open across the fork": 1,
    }
    lesson, run = receiver.span("open across the fork"), receiver.span("invoke_agent parent")
    assert run.parent_id == lesson.span_id
    # Metrics, too. The parent told of one run before the fork, and of two at its end; had the child
    # inherited the first, it would have told of two as well.
    counts = [
        point.count
        for state in receiver.states("gen_ai.client.operation.duration")
        for point in state
        if point.attributes["gen_ai.operation.name"] == "invoke_agent"
    ]
    assert counts.count(1) > 1
    assert max(counts) == 2
