"""A turn whose runs are in streams of different collectors is one turn, in one trace, at the receiver."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from fleet.backends import check_recorded, check_spans
from fleet.layout import AT_DEFAULTS, play
from shared_fixtures import PATIENCE

from collectors import Collector
from stored import all_is_collected
from threadtrail.testing import OtlpReceiver, wait_until
from threadtrail_redis.placement import stream_of

if TYPE_CHECKING:
    from pathlib import Path

    from redis_server import RedisServer
    from threadtrail.testing import AssistantsServer

STREAMS, COLLECTORS = 16, 3
MANY = 20
"""How many turns are played at most, until one has its runs apart: two of three have."""


@pytest.mark.slow
def test_it_is_one_turn_in_one_trace(redis: RedisServer, server: AssistantsServer, tmp_path: Path) -> None:
    with redis.client() as client:
        client.set("threadtrail:streams", STREAMS)
    recording = {"THREADTRAIL_EXPORTERS": "redis", "THREADTRAIL_REDIS_URL": redis.url}
    with OtlpReceiver() as receiver, contextlib.ExitStack() as stack:
        exporting = {
            "THREADTRAIL_EXPORTERS": "jsonl,opentelemetry",
            "THREADTRAIL_OPENTELEMETRY_ENDPOINT": receiver.url,
            "THREADTRAIL_OPENTELEMETRY_MESSAGE_CONTENT": "SPAN_ONLY",
        }
        options = ("--settle", "1", "--option", f"lease_seconds={PATIENCE}")
        collectors = [
            stack.enter_context(Collector(redis, tmp_path, f"collector-{number}", *options, **exporting))
            for number in range(COLLECTORS)
        ]
        wait_until(lambda: sorted(Counter(owners(redis).values()).values()) == [5, 5, 6], timeout=PATIENCE)
        for _ in range(MANY):
            ids = play("responses", server, recording, of_role=AT_DEFAULTS, carries=False)
            wait_until(lambda: all_is_collected(redis), timeout=PATIENCE, interval=0.2)
            if len({owners(redis)[stream_of(run_id, STREAMS)] for run_id in ids}) == 2:
                break
            receiver.requests.clear()
            for collector in collectors:
                collector.path.write_bytes(b"")
        else:
            raise AssertionError("the runs of each turn were in streams of one collector")
        for collector in collectors:
            collector.stop()
        check_recorded([event for collector in collectors for event in collector.events()], ids)
        spans = [span for span in receiver.spans if not span.name.startswith("create_agent")]
        check_spans(spans, None)
        assert len({span.trace_id for span in spans}) == 1


def owners(redis: RedisServer) -> dict[int, str]:
    """The collector that owns each stream."""
    with redis.client() as client:
        known: Any = client.hgetall("threadtrail:owners")
    return {int(number): owner.decode().partition("/")[0] for number, owner in known.items()}
