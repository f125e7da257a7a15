"""Web, worker, tools and webhook each see a part of a run; a collector delivers one run in one trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fleet.backends import Backends
from fleet.layout import AT_DEFAULTS, play
from layered.environments import environment_of
from shared_fixtures import PATIENCE

from collectors import Collector
from stored import all_is_collected
from threadtrail.testing import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from fleet.layout import Api

    from redis_server import RedisServer
    from threadtrail.testing import AssistantsServer


@pytest.mark.slow
@pytest.mark.parametrize("carries", [True, False], ids=["with a carrier", "without"])
@pytest.mark.parametrize("api", ["assistants", "responses"])
def test_one_run_in_one_trace(
    api: Api, carries: bool, redis: RedisServer, server: AssistantsServer, tmp_path: Path
) -> None:
    python = str(environment_of("agentops").python)  # which has the other exporters, too
    recording = {"THREADTRAIL_EXPORTERS": "redis", "THREADTRAIL_REDIS_URL": redis.url}
    with Backends(tmp_path) as backends:
        ids = play(api, server, recording, of_role=AT_DEFAULTS, carries=carries)
        collecting = Collector(redis, tmp_path, "events", python=python, **backends.environment)
        with collecting as collector:
            collector.delivers(ids)
            wait_until(lambda: all_is_collected(redis), timeout=PATIENCE, interval=0.2)
            collector.stop()
        backends.check(api, ids, assistant="Math Tutor" if api == "assistants" else None)
