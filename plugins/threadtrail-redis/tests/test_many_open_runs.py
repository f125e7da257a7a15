"""Of many open runs, Redis alone has the events; they are delivered whole when they end."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from collecting.test_collector import Exporters
from shared_fixtures import PATIENCE

from threadtrail.collecting.collector import Collector
from threadtrail.collecting.waiting import Waiting
from threadtrail.events import Event, RunCreated, RunEnded
from threadtrail.testing import samples, wait_until
from threadtrail_redis import RedisExporter, RedisPlace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis_server import RedisServer

RUNS, ENDED, STREAMS = 20_000, 300, 8
AWAKE_BYTES = 1_000_000
SAMPLE = samples.sample_runs()["plain_answer"]


def name(number: int) -> str:
    return f"run_{number}"


def append(redis: RedisServer, events: Iterable[Event]) -> None:
    exporter = RedisExporter(redis.url, streams=STREAMS)
    exporter.export(list(events))
    exporter.shutdown()


def beginning(number: int) -> Event:
    (created,) = (event for event in samples.events_of(SAMPLE) if isinstance(event, RunCreated))
    return replace(created, run_id=name(number), turn_id=name(number))


def rest(number: int) -> list[Event]:
    events = samples.events_of(replace(SAMPLE, id=name(number), turn_id=name(number)))
    return [event for event in events if not isinstance(event, RunCreated)]


@pytest.mark.slow
def test_they_are_parked_and_found_again(redis: RedisServer) -> None:
    append(redis, map(beginning, range(RUNS)))
    exporters: Any = Exporters()
    waiting = Waiting(0.0, 3_600.0, awake_bytes=AWAKE_BYTES)
    units = waiting.units
    with contextlib.closing(RedisPlace(redis.url, lease_seconds=PATIENCE)) as place:
        place.open()
        collector = Collector(place, exporters, waiting)

        def has_read(count: int) -> bool:
            collector._read()
            return collector.counts.read == count

        wait_until(lambda: has_read(RUNS), timeout=PATIENCE)
        assert len(units) == units.open_runs == RUNS
        assert units.parked > 0.9 * RUNS
        assert units.awake.size < AWAKE_BYTES

        ends = [event for number in range(ENDED) for event in rest(number)]
        append(redis, ends)
        wait_until(lambda: has_read(RUNS + len(ends)), timeout=PATIENCE)
        collector._read()  # what is due when a look begins is delivered
        collector._deliver_due()
        ended = {name(number) for number in range(ENDED)}
        assert {event.run_id for event in exporters.events if isinstance(event, RunCreated)} == ended
        assert {event.run.id for event in exporters.events if isinstance(event, RunEnded)} == ended
        assert len(units) == place.status()["waiting"] == RUNS - ENDED

        with contextlib.closing(RedisPlace(redis.url, lease_seconds=PATIENCE)) as other:
            other.open()
            place._shared_at = 0.0
            collector._read()
            owned: Any = place.status()["groups"]
            assert len(owned) == STREAMS / 2
            groups = [place.group_of(name(number)) for number in range(ENDED, RUNS)]
            assert len(units) == sum(group in owned for group in groups)
    units.close()
