"""What is appended: to which stream, once, as much as there is room for, and while Redis is away."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from exporter_driving import answer, asked, tutor
from shared_fixtures import PATIENCE

import threadtrail
from redis_server import RedisServer
from stored import ended_runs, stored, stored_texts
from swallows_answers import SwallowsAnswers
from threadtrail.errors import EventsLostError
from threadtrail.events import Event, RunStatusChanged
from threadtrail.testing import wait_until
from threadtrail.testing.samples import events_of
from threadtrail_redis import RedisExporter
from threadtrail_redis.appending import NotDeliveredError
from threadtrail_redis.placement import place

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from openai import OpenAI

    from threadtrail.values import Run

TOO_LONG = 10 * PATIENCE
"""How long the exporter waits for Redis: far longer than the app may take, on however slow a machine."""


def status_of(run_id: str, **fields: Any) -> RunStatusChanged:
    return RunStatusChanged(
        type="thread.run.queued", time=1, run_id=run_id, status="queued", learnt_from="create", **fields
    )


def test_what_several_processes_see_of_a_run_meets_in_one_stream(redis: RedisServer) -> None:
    """They may reach its server by other addresses, and know of no trace."""
    seen = [
        status_of("run_1", server_address="a.example", trace_id="trace_1"),
        status_of("run_1", server_address="b.example"),
    ]
    assert place(seen[0], 16) == place(seen[1], 16)
    others = {place(status_of(f"run_{number}"), 16) for number in range(200)}
    assert others == set(range(16))


def test_every_event_of_a_run_is_there_in_order(
    redis: RedisServer, sample_runs: Mapping[str, Run], sample_events: list[Event]
) -> None:
    exporter = RedisExporter(redis.url, streams=8)
    events = events_of(sample_runs["parallel_function_calls"])
    exporter.export(events)
    (texts,) = stored_texts(redis).values()
    assert [Event.from_json(text) for text in texts] == list(events)
    exporter.export(sample_events)
    assert len(stored(redis)) == len(events) + len(sample_events)
    exporter.shutdown()


def test_the_first_process_says_how_many_streams_there_are(redis: RedisServer) -> None:
    first, second = RedisExporter(redis.url, streams=3), RedisExporter(redis.url, streams=500)
    first.export([status_of("run_0")])
    second.export([status_of(f"run_{number}") for number in range(100)])
    second.export([status_of("run_again")])
    assert set(stored_texts(redis)) == {0, 1, 2}
    assert len(stored(redis)) == 102
    assert second.check(PATIENCE).endswith(
        "3 streams (not 500, as the option says), in which 102 events wait."
    )
    first.shutdown()
    second.shutdown()


def test_a_batch_whose_answer_is_lost_is_appended_once(redis: RedisServer) -> None:
    with SwallowsAnswers(redis.port) as between:
        exporter = RedisExporter(f"redis://127.0.0.1:{between.port}/0", retry_seconds=PATIENCE)
        exporter.export([status_of("run_0")])
        between.swallow(2)
        exporter.export([status_of("run_1"), status_of("run_2")])
        assert between.swallowed == 2
        exporter.shutdown()
    assert sorted(event["run_id"] for event in stored(redis)) == ["run_0", "run_1", "run_2"]


def test_what_waits_is_never_removed_to_make_room(redis: RedisServer) -> None:
    exporter = RedisExporter(redis.url, streams=1, max_length=3, retry_seconds=0.0)
    exporter.export([status_of("run_0"), status_of("run_1")])
    with pytest.raises(
        EventsLostError, match=r"2 of 3 events found no room in Redis \(max_length\)"
    ) as caught:
        exporter.export([status_of("run_2"), status_of("run_3"), status_of("run_4")])
    assert caught.value.lost == 2
    assert [event["run_id"] for event in stored(redis)] == ["run_0", "run_1", "run_2"]
    assert not exporter.flush()
    assert exporter.flush()
    exporter.shutdown()


def test_room_that_is_made_is_waited_for(redis: RedisServer) -> None:
    exporter = RedisExporter(redis.url, streams=1, max_length=2, retry_seconds=PATIENCE)
    exporter.export([status_of("run_0")])
    export = threading.Thread(target=exporter.export, args=([status_of("run_1"), status_of("run_2")],))
    export.start()
    wait_until(lambda: len(stored(redis)) == 2, timeout=PATIENCE)
    with redis.client() as client:
        client.xtrim("threadtrail:events:0", maxlen=1, approximate=False)
    export.join(PATIENCE)
    assert [event["run_id"] for event in stored(redis)] == ["run_1", "run_2"]
    exporter.shutdown()


# --- the app, while Redis is in trouble --------------------------------------------------------------


@pytest.mark.slow
def test_while_redis_is_away_the_app_does_not_wait_and_nothing_is_lost(
    tmp_path: Path, client: OpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    with RedisServer(tmp_path, "--appendonly", "yes", "--appendfsync", "always") as redis:
        options = {"url": redis.url, "retry_seconds": TOO_LONG}
        with threadtrail.instrument(exporters={"redis": options}, settle_seconds=0):
            run_to_end(client)
            assert threadtrail.flush(PATIENCE)
            redis.kill()
            assert seconds_of(client) < PATIENCE
            wait_until(lambda: "Its events wait" in caplog.text, timeout=PATIENCE)
            assert not threadtrail.flush(timeout=0.2)
            waiting = threadtrail.status().exporters["redis"]
            assert waiting.queued > 0
            assert waiting.lost == 0
            (said,) = [text for text in caplog.messages if "Its events wait" in text]
            assert f"Nothing answers at redis://127.0.0.1:{redis.port}/0" in said
            redis.start()
            assert threadtrail.flush(PATIENCE)
            after = threadtrail.status().exporters["redis"]
            assert (after.queued, after.lost) == (0, 0)
        assert len(ended_runs(redis)) == len(set(ended_runs(redis))) == 2


@pytest.mark.slow
def test_while_redis_does_not_answer_the_app_does_not_wait(tmp_path: Path, client: OpenAI) -> None:
    with RedisServer(tmp_path) as redis:
        options = {"url": redis.url, "timeout": TOO_LONG}
        with threadtrail.instrument(exporters={"redis": options}, settle_seconds=0):
            redis.suspend()
            assert seconds_of(client) < PATIENCE
            wait_until(lambda: threadtrail.status().exporters["redis"].queued > 0, timeout=PATIENCE)
            assert not threadtrail.flush(timeout=0.2)
            redis.resume()
            assert threadtrail.flush(PATIENCE)
        assert len(ended_runs(redis)) == 1


def run_to_end(client: OpenAI) -> None:
    assistant, thread = tutor(client), asked(client)
    answer(client, client.beta.threads.runs.create(thread.id, assistant_id=assistant.id))


def seconds_of(client: OpenAI) -> float:
    """How long the app takes for a run."""
    begun = time.monotonic()
    run_to_end(client)
    return time.monotonic() - begun


@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["away", "wrong password", "replica", "full"])
def test_what_is_lost_is_counted_and_said(trouble: str, tmp_path: Path, client: OpenAI) -> None:
    words = {
        "away": "Nothing answers at redis://127.0.0.1",
        "wrong password": "rejects the login",
        "replica": "is a replica, which takes no writes",
        "full": "has no memory left (maxmemory)",
    }
    settings = {
        "wrong password": ("--requirepass", "right"),
        "replica": ("--replicaof", "127.0.0.1", "1", "--replica-serve-stale-data", "yes"),
        "full": ("--maxmemory", "1", "--maxmemory-policy", "noeviction"),
    }
    with RedisServer(tmp_path, *settings.get(trouble, ())) as redis:
        if trouble == "away":
            redis.kill()
        options = {"url": redis.url, "password": "wr0ng-one", "retry_seconds": 0.3}
        if trouble in {"replica", "full"}:
            del options["password"]
        with threadtrail.instrument(exporters={"redis": options}, settle_seconds=0):
            run_to_end(client)
            assert not threadtrail.flush(PATIENCE)
            status = threadtrail.status().exporters["redis"]
        assert (status.delivered, status.queued) == (0, 0)
        assert status.lost == status.failed > 5
        assert words[trouble] in str(status.last_error)
        assert "wr0ng-one" not in json.dumps(str(threadtrail.status()))


def test_an_error_that_stays_is_not_tried_again(redis: RedisServer) -> None:
    with redis.client() as client:
        client.set("threadtrail:events:0", "no stream")
    exporter = RedisExporter(redis.url, streams=1, retry_seconds=PATIENCE)
    begun = time.monotonic()
    with pytest.raises(NotDeliveredError, match="WRONGTYPE"):
        exporter.export([status_of("run_0")])
    assert time.monotonic() - begun < PATIENCE
    exporter.shutdown()
