"""The exporter keeps to the rules for exporters, with a real Redis."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from stored import ended_runs, stored
from threadtrail.testing import ExporterConformance, unused_port
from threadtrail_redis import RedisExporter

if TYPE_CHECKING:
    from redis_server import RedisServer


class TestRedis(ExporterConformance):
    deadline_seconds = start_seconds = 60.0  # on a machine that is busy with other things

    @pytest.fixture
    def exporter(self, redis: RedisServer) -> RedisExporter:
        self.redis = redis
        return RedisExporter(redis.url)

    @pytest.fixture
    def exporter_with_dead_backend(self) -> RedisExporter:
        return RedisExporter(f"redis://127.0.0.1:{unused_port()}", retry_seconds=0.1)

    def delivered(self) -> list[str]:
        return ended_runs(self.redis)

    def written(self) -> str:
        return json.dumps(stored(self.redis))
