"""While a backend is away, events for which a collector has no room stay in Redis; then all are delivered."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from shared_fixtures import PATIENCE

from collectors import Collector
from stored import all_is_collected
from threadtrail.collecting.waiting import MIN_UNITS_TO_PAUSE
from threadtrail.testing import OtlpReceiver, samples, unused_port, wait_until
from threadtrail.values import TextPart
from threadtrail_redis import RedisExporter

if TYPE_CHECKING:
    from pathlib import Path

    from redis_server import RedisServer

SAMPLE = samples.sample_runs()["plain_answer"]
EVENTS_OF_A_RUN, SPANS_OF_A_RUN = len(list(samples.events_of(SAMPLE))), 2
LARGE, SMALL = 2 * MIN_UNITS_TO_PAUSE, 20
LARGE_TEXT = "a" * 100_000
"""The large runs are more than a collector keeps in memory."""


def append(redis: RedisServer, name: str, runs: int, text: str) -> None:
    output = (replace(SAMPLE.output[0], parts=(TextPart(text=text),)),)
    exporter = RedisExporter(redis.url, timeout=PATIENCE)
    for number in range(runs):
        run_id = f"{name}_{number}"
        exporter.export(list(samples.events_of(replace(SAMPLE, id=run_id, turn_id=run_id, output=output))))
    exporter.shutdown()


def status_at(port: int) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=PATIENCE) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.slow
def test_what_a_collector_has_no_room_for_stays_in_redis(redis: RedisServer, tmp_path: Path) -> None:
    append(redis, "large", LARGE, LARGE_TEXT)
    port = unused_port()
    with OtlpReceiver() as backend:
        backend.status = 401
        environment = {"THREADTRAIL_EXPORTERS": "opentelemetry", "OTEL_EXPORTER_OTLP_ENDPOINT": backend.url}
        options = ("--settle", "0.3", "--option", f"lease_seconds={PATIENCE}")
        served = (*options, "--status-port", str(port))
        with Collector(redis, tmp_path, "one", *served, **environment) as one:
            backend.wait_for(lambda: backend.requests, timeout=PATIENCE)
            wait_until(lambda: status_at(port)[1]["waiting"]["reading_paused"], timeout=PATIENCE)
            append(redis, "small", SMALL, "text")
            tried = len(backend.requests)
            backend.wait_for(lambda: len(backend.requests) > tried + 2, timeout=PATIENCE)
            code, status = status_at(port)
            assert code == 503
            assert "HTTP 401" in status["troubles"]["exporting"]
            assert status["counts"]["read"] == LARGE * EVENTS_OF_A_RUN
            assert status["place"]["waiting"] == (LARGE + SMALL) * EVENTS_OF_A_RUN
            assert status["counts"]["given_up"] == 0
            with Collector(redis, tmp_path, "two", *options, **environment) as two:
                wait_until(two.streams, timeout=PATIENCE)
                backend.status = 200
                backend.wait_for_spans((LARGE + SMALL) * SPANS_OF_A_RUN, timeout=PATIENCE)
                wait_until(lambda: all_is_collected(redis), timeout=PATIENCE)
                for collector in (one, two):
                    collector.stop()
        assert set(Counter(span.span_id for span in backend.spans).values()) == {1}
        assert len(backend.spans) == (LARGE + SMALL) * SPANS_OF_A_RUN
