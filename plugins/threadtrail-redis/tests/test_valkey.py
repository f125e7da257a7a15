"""The same with Valkey, where it is installed: the scripts run there as they do in Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared_fixtures import PATIENCE

from redis_server import RedisServer, find_server
from stored import stored
from test_appending import status_of
from test_place import die, read_all, runs_of
from threadtrail_redis import RedisExporter, RedisPlace

if TYPE_CHECKING:
    from pathlib import Path


def test_events_are_appended_collected_and_taken_over(tmp_path: Path) -> None:
    with RedisServer(tmp_path, program=find_server("valkey-server")) as valkey:
        exporter = RedisExporter(valkey.url, streams=2)
        assert exporter.check(PATIENCE).startswith("Valkey ")
        exporter.export([status_of(f"run_{number}") for number in range(10)])
        exporter.shutdown()
        first = RedisPlace(valkey.url, lease_seconds=0.5)
        first.open()
        entries = read_all(first, 10)
        first.acknowledge([entry.token for entry in entries[:4]])
        die(first)
        second = RedisPlace(valkey.url)
        second.open()
        assert runs_of(read_all(second, 6)) == runs_of(entries[4:])
        first.acknowledge([entry.token for entry in entries])
        assert len(stored(valkey)) == 6
        first.close()
        second.close()
