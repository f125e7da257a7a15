"""Fixtures: a Redis for the tests of a module, empty for each of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import shared_fixtures

import threadtrail
from threadtrail._guard import guard

# The helpers beside this file are imported by name; pytest's importlib mode puts no folder on the path.
sys.path.insert(0, str(Path(__file__).parent))

from redis_server import RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator

server = shared_fixtures.server
client = shared_fixtures.client_without_retries
strict = shared_fixtures.strict
clients_closed = shared_fixtures.clients_closed
workers_ended = shared_fixtures.workers_ended
no_settings = shared_fixtures.no_settings
patient = shared_fixtures.patient


@pytest.fixture(scope="session")
def running_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def redis(running_redis: RedisServer) -> RedisServer:
    with running_redis.client() as client:
        client.flushall()
    return running_redis


@pytest.fixture(autouse=True)
def _undone() -> Iterator[None]:
    yield
    threadtrail.uninstrument()
    guard.after_fork_in_child()  # it counts and logs anew
