"""What Redis refuses for a moment is tried again; what it will always refuse is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from shared_fixtures import PATIENCE

from stored import stored
from swallows_answers import SwallowsAnswers
from test_appending import status_of
from test_place import read_all, runs_of
from threadtrail.testing import wait_until
from threadtrail_redis import RedisExporter, RedisPlace
from threadtrail_redis.appending import NotDeliveredError

if TYPE_CHECKING:
    from redis_server import RedisServer

PASSING = [
    "LOADING Redis is loading the dataset in memory",
    "READONLY You can't write against a read only replica.",
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "NOREPLICAS Not enough good replicas to write.",
    "BUSY Redis is busy running a script.",
    "CLUSTERDOWN The cluster is down",
    "TRYAGAIN Multiple keys request during rehashing of slot",
    "OOM command not allowed when used memory > 'maxmemory'.",
]
LASTING = [
    ("MOVED 3999 127.0.0.1:6381", "is a cluster, over which the streams cannot be spread"),
    (
        "CROSSSLOT Keys in request don't hash to the same slot",
        "is a cluster, over which the streams cannot be spread",
    ),
    ("NOPERM this user has no permissions to run the 'evalsha' command", "has no permissions"),
    ("WRONGTYPE Operation against a key holding the wrong kind of value", "WRONGTYPE"),
]


@pytest.mark.parametrize("error", PASSING, ids=lambda error: error.split()[0])
def test_what_passes_is_tried_again(error: str, redis: RedisServer) -> None:
    with SwallowsAnswers(redis.port) as between:
        url = f"redis://127.0.0.1:{between.port}/0"
        exporter = RedisExporter(url, streams=1, retry_seconds=PATIENCE)
        between.refuse(error, error)
        exporter.export([status_of("run_1")])
        exporter.shutdown()
        assert not between.refuses
        place = RedisPlace(url, lease_seconds=PATIENCE)
        place.open()
        between.refuse(error, error)
        entries = read_all(place, 1)
        assert runs_of(entries) == ["run_1"]
        tokens: Any = [entry.token for entry in entries]
        between.refuse(error)
        place.attempt(tokens, 1)
        assert not between.refuses
        between.refuse(error)
        place.acknowledge(tokens)
        assert not between.refuses
        place.close()
    assert stored(redis) == []


def test_a_collector_that_starts_waits_while_redis_loads_its_data(redis: RedisServer) -> None:
    with SwallowsAnswers(redis.port) as between:
        exporter = RedisExporter(redis.url, streams=1)
        exporter.export([status_of("run_1")])
        exporter.shutdown()
        between.refuse(*[PASSING[0]] * 3)
        place = RedisPlace(f"redis://127.0.0.1:{between.port}/0", lease_seconds=PATIENCE)
        place.open()
        assert not between.refuses
        assert runs_of(read_all(place, 1)) == ["run_1"]
        place.close()


@pytest.mark.parametrize(("error", "words"), LASTING, ids=[error.split()[0] for error, _ in LASTING])
def test_what_does_not_pass_is_said_at_once(error: str, words: str, redis: RedisServer) -> None:
    with SwallowsAnswers(redis.port) as between:
        url = f"redis://127.0.0.1:{between.port}/0"
        exporter = RedisExporter(url, streams=1, retry_seconds=PATIENCE)
        between.refuse(error)
        with pytest.raises(NotDeliveredError, match=words):
            exporter.export([status_of("run_1")])
        exporter.export([status_of("run_2")])
        exporter.shutdown()
        place = RedisPlace(url, lease_seconds=PATIENCE)
        place.open()
        between.refuse(*[error] * 100)
        wait_until(lambda: not place.read(0.01) and words in str(place.status()["trouble"]), timeout=PATIENCE)
        between.refuse()
        assert runs_of(read_all(place, 1)) == ["run_2"]
        assert place.status()["trouble"] is None
        place.close()
