"""Collectors share the streams: each has one owner, which alone reads, acknowledges or gives up entries."""

from __future__ import annotations

import contextlib
import copy
import itertools
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError
from shared_fixtures import PATIENCE

from collectors import Collector
from redis_server import RedisServer
from stored import stored, stored_texts
from swallows_answers import SwallowsAnswers
from test_appending import status_of
from threadtrail import cli
from threadtrail.errors import ConfigurationError
from threadtrail.testing import unused_port, wait_until
from threadtrail_redis import RedisExporter, RedisPlace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from threadtrail.collecting.place import Entry


@pytest.fixture
def opens(redis: RedisServer) -> Iterator[Callable[..., RedisPlace]]:
    """Opens places, as collectors do, and closes them."""
    with contextlib.ExitStack() as stack:

        def open_one(**options: Any) -> RedisPlace:
            place = RedisPlace(redis.url, **{"lease_seconds": PATIENCE, "timeout": PATIENCE, **options})
            place.open()
            stack.callback(place.close)
            return place

        yield open_one


def append(redis: RedisServer, *runs: str, streams: int = 4) -> None:
    exporter = RedisExporter(redis.url, streams=streams)
    exporter.export([status_of(run) for run in runs])
    exporter.shutdown()


def runs_of(entries: list[Entry]) -> list[str]:
    return sorted(json.loads(entry.line)["run_id"] for entry in entries)


def read_all(place: RedisPlace, count: int) -> list[Entry]:
    """Read until there are so many entries, and no more."""
    entries: list[Entry] = []

    def are_all_there() -> bool:
        entries.extend(place.read(0.05))
        return len(entries) >= count

    wait_until(are_all_there, timeout=PATIENCE)
    return [*entries, *place.read(0)]


def groups(*places: RedisPlace) -> list[list[str]]:
    """Let each place look at its share; return what each owns."""
    for _ in range(2):  # what one gives back, another one takes
        for place in places:
            place._leases._beat()
            place._shared_at = 0.0
            place.read(0)
    return [list(place.status()["groups"]) for place in places]  # type: ignore[call-overload]  # a list, in JSON


def die(place: RedisPlace) -> None:
    """Stop renewing the leases, as a process that was killed does."""
    place._leases._ended.set()
    assert place._leases._thread is not None
    place._leases._thread.join()


def test_entries_are_read_once_and_removed_once_they_are_acknowledged(
    redis: RedisServer, opens: Callable[..., RedisPlace]
) -> None:
    runs = [f"run_{number}" for number in range(30)]
    append(redis, *runs)
    place = opens()
    entries = read_all(place, 30)
    assert runs_of(entries) == sorted(runs)
    assert all(entry.group == place.group_of(runs_of([entry])[0]) for entry in entries)
    assert {entry.attempts for entry in entries} == {1}
    assert len(stored(redis)) == 30
    place.acknowledge([entry.token for entry in entries[:20]])
    assert len(stored(redis)) == place.status()["waiting"] == 10
    append(redis, "run_later")
    assert runs_of(read_all(place, 1)) == ["run_later"]


def test_streams_are_shared_evenly_and_again_when_a_collector_joins_or_leaves(
    redis: RedisServer, opens: Callable[..., RedisPlace]
) -> None:
    append(redis, *(f"run_{number}" for number in range(100)), streams=8)
    first = opens()
    assert groups(first) == [[str(number) for number in range(8)]]
    assert len(first.read(0)) == 0
    second, third = opens(), opens()
    shares = groups(first, second, third)
    assert sorted(map(len, shares)) == [2, 3, 3]
    assert sorted(itertools.chain(*shares)) == [str(number) for number in range(8)]
    assert set(first.lost()) == {*shares[1], *shares[2]}
    second.close()
    shares = groups(first, third)
    assert list(map(len, shares)) == [4, 4]


def test_what_a_collector_did_not_acknowledge_goes_to_the_next_one(
    redis: RedisServer, opens: Callable[..., RedisPlace]
) -> None:
    append(redis, *(f"run_{number}" for number in range(1200)), streams=1)
    first = opens(lease_seconds=0.5)
    entries = read_all(first, 1200)
    first.attempt([entry.token for entry in entries[:4]], 1)
    first.attempt([entries[3].token], -1)
    first.acknowledge([entry.token for entry in entries[4:10]])
    die(first)
    append(redis, "run_later", streams=1)
    second = opens()
    again = read_all(second, 1195)
    assert len(again) == 1195
    assert [entry.line for entry in again[:-1]] == [entry.line for entry in entries[:4] + entries[10:]]
    assert [entry.attempts for entry in again] == [2] * 3 + [1] * 1192
    # The first one lives, after all: nothing that it does has an effect.
    assert first.read(0) == []
    first.acknowledge([entry.token for entry in entries])
    first.give_up(entries[:1], "it is mine")
    assert not first.move([entries[0].token], ["moved"], "run_0")
    assert len(stored(redis)) == 1195
    assert first.lost() == {"0"}


def test_a_lease_that_ran_out_holds_until_another_collector_takes_the_stream(
    redis: RedisServer, opens: Callable[..., RedisPlace]
) -> None:
    append(redis, "run_1", streams=1)
    place = opens()
    (entry,) = read_all(place, 1)
    with redis.client() as client:
        client.delete("threadtrail:lease:0")
    place._leases._beat()
    assert place.lost() == set()
    with redis.client() as client:
        assert client.exists("threadtrail:lease:0")
        client.delete("threadtrail:lease:0")
    place.acknowledge([entry.token])
    assert stored(redis) == []


def test_dead_letters_are_kept_with_the_reason_and_counted(
    redis: RedisServer, opens: Callable[..., RedisPlace]
) -> None:
    append(redis, "run_1", "run_2", streams=1)
    place = opens()
    entries = read_all(place, 2)
    place.give_up(entries[:1], "no exporter took it")
    assert place.status()["given_up"] == place.status()["dead_letters"] == 1
    assert [event["run_id"] for event in stored(redis)] == ["run_2"]
    with redis.client() as client:
        ((_, letter),) = client.xrange("threadtrail:dead")
    assert letter[b"reason"] == b"no exporter took it"
    assert letter[b"event"] == entries[0].line


def test_events_of_runs_move_to_the_stream_of_their_turn(
    redis: RedisServer, opens: Callable[..., RedisPlace]
) -> None:
    append(redis, *(f"run_{number}" for number in range(20)))
    place = opens()
    entries = read_all(place, 20)
    moving = [entry for entry in entries if entry.group != place.group_of("turn")]
    assert len({entry.group for entry in moving}) == 3
    assert place.move([entry.token for entry in moving], [entries[0].line, entries[1].line], "turn")
    moved = read_all(place, 2)
    assert [entry.line for entry in moved] == [entries[0].line, entries[1].line]
    assert {entry.group for entry in moved} == {place.group_of("turn")}
    assert len(stored(redis)) == 20 - len(moving) + 2


def test_turns_are_found_by_their_calls(redis: RedisServer, opens: Callable[..., RedisPlace]) -> None:
    one, other = opens(), opens()
    one.turns.put("a.example", {"call_1": "resp_1", "call_2": "resp_1"})
    assert other.turns.get("a.example", ["call_2", "call_3"]) == {"call_2": "resp_1"}
    assert other.turns.get("b.example", ["call_2"]) == {}
    assert other.turns.get("b.example", []) == {}


def test_what_was_published_is_known_to_all_collectors(
    redis: RedisServer, opens: Callable[..., RedisPlace]
) -> None:
    one, other = opens(), opens()
    one.marks.put({"run_1": "finished", "run_2": "unfinished"})
    one.marks.put({"run_2": "finished"})
    one.marks.put({})
    assert other.marks.get(["run_0", "run_1", "run_2"]) == {"run_1": "finished", "run_2": "finished"}


def test_a_place_without_events_waits_for_them(redis: RedisServer, opens: Callable[..., RedisPlace]) -> None:
    place = opens()
    assert place.read(0.05) == []
    assert place.status()["streams"] == 0
    append(redis, "run_1")
    assert runs_of(read_all(place, 1)) == ["run_1"]


def test_who_died_before_the_clock_of_redis_was_set_back_is_forgotten(
    redis: RedisServer, opens: Callable[..., RedisPlace]
) -> None:
    append(redis, "run_1", streams=2)
    with redis.client() as client:
        client.zadd("threadtrail:collectors", {"dead": time.time() + 3600})
        for number in range(2):
            client.hset("threadtrail:owners", str(number), "dead/1")
            client.set(f"threadtrail:lease:{number}", "dead/1", px=3_600_000)
    place = opens(lease_seconds=20.0)
    assert place.status()["groups"] == ["0", "1"]
    assert runs_of(read_all(place, 1)) == ["run_1"]


def test_everything_in_redis_may_be_removed(redis: RedisServer, opens: Callable[..., RedisPlace]) -> None:
    append(redis, "run_1", streams=4)
    place = opens()
    (entry,) = read_all(place, 1)
    with redis.client() as client:
        client.flushall()
    groups(place)
    assert place.lost() == {"0", "1", "2", "3"}
    assert place.group_of("run_1") == "0"
    assert list(place.fetch([entry.token])) == [None]
    append(redis, "run_2", streams=2)
    assert runs_of(read_all(place, 1)) == ["run_2"]


def test_collectors_make_room_where_the_memory_is_full(
    redis: RedisServer, opens: Callable[..., RedisPlace]
) -> None:
    append(redis, "run_1", "run_2")
    with redis.client() as client:
        client.config_set("maxmemory", 1)
        try:
            with pytest.raises(OutOfMemoryError):
                client.set("any", "thing")
            place = opens()
            entries = read_all(place, 2)
            place.turns.put("a.example", {"call_1": "resp_1"})
            place.attempt([entry.token for entry in entries], 1)
            place.acknowledge([entry.token for entry in entries[:1]])
            place.give_up(entries[1:], "no exporter took it")
            assert stored(redis) == []
        finally:
            client.config_set("maxmemory", 0)


def test_what_waits_to_be_acknowledged_is_acknowledged_before_streams_are_given_back(
    redis: RedisServer, opens: Callable[..., RedisPlace], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_tokens: object) -> None:
        raise RedisConnectionError

    append(redis, *(f"run_{number}" for number in range(100)), streams=8)
    first = opens()
    entries = read_all(first, 100)
    with monkeypatch.context() as patch:
        patch.setattr("threadtrail_redis.place.PATIENCE_SECONDS", 0.0)
        patch.setattr(first._streams, "acknowledge", refuse)
        first.acknowledge([entry.token for entry in entries])
    assert len(stored(redis)) == 100
    second, share = opens(), first._share
    read: list[Entry] = []

    def share_with_the_second() -> None:
        share()
        assert len(groups(second)[0]) == 4
        read.extend(second.read(0))

    monkeypatch.setattr(first, "_share", share_with_the_second)
    first._shared_at = 0.0
    assert (first.read(0), read, stored(redis)) == ([], [], [])


@pytest.mark.slow
def test_redis_may_restart_meanwhile(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with RedisServer(tmp_path, "--appendonly", "yes", "--appendfsync", "always") as redis:
        append(redis, *(f"run_{number}" for number in range(20)))
        place = RedisPlace(redis.url, lease_seconds=1.0)
        place.open()
        entries = read_all(place, 20)
        redis.kill()
        begun = time.monotonic()
        assert place.read(0.2) == ()
        assert time.monotonic() - begun < PATIENCE
        assert place.status()["connected"] is False
        assert place.read(0.2) == ()
        (logged,) = [record.getMessage() for record in caplog.records]
        assert redis.url in logged
        assert logged.endswith(". Meanwhile nothing is collected; it is tried again")
        redis.start()
        place.acknowledge([entry.token for entry in entries])
        assert stored(redis) == []
        append(redis, "run_later")
        assert runs_of(read_all(place, 1)) == ["run_later"]
        assert place.lost() == set()
        assert place.status()["connected"] is True
        place.close()


def test_a_place_that_is_to_stop_waits_no_longer_for_redis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("threadtrail_redis.place.PATIENCE_SECONDS", float("inf"))
    monkeypatch.setattr("threadtrail_redis.place.STOPPING_SECONDS", 0.0)
    with RedisServer(tmp_path) as redis:
        append(redis, "run_1")
        place = RedisPlace(redis.url)
        place.open()
        tokens = [entry.token for entry in read_all(place, 1)]
        redis.kill()
        waiting = threading.Thread(target=place.acknowledge, args=[tokens], daemon=True)
        waiting.start()
        place.stop()
        waiting.join(PATIENCE)
        assert not waiting.is_alive()
        with pytest.raises(ConnectionError):
            place.fetch(tokens)
        place.close()


def test_entries_whose_answer_was_lost_are_read_again(
    redis: RedisServer, opens: Callable[..., RedisPlace]
) -> None:
    append(redis, "run_1", "run_2", streams=2)
    with SwallowsAnswers(redis.port) as between:
        place = RedisPlace(f"redis://127.0.0.1:{between.port}/0", lease_seconds=PATIENCE)
        place.open()
        assert len(read_all(place, 2)) == 2
        append(redis, *(f"run_{number}" for number in range(3, 9)), streams=2)
        between.swallow(1)
        assert runs_of(read_all(place, 6)) == [f"run_{number}" for number in range(3, 9)]
        assert between.swallowed == 1
        place.close()


def test_what_was_read_is_returned_though_another_stream_cannot_be(
    redis: RedisServer, opens: Callable[..., RedisPlace]
) -> None:
    runs = [f"run_{number}" for number in range(40)]
    append(redis, *runs, streams=4)
    place = opens()
    with redis.client() as client:
        client.delete("threadtrail:events:1")
        client.set("threadtrail:events:1", "of somebody else")
    left = [run for run in runs if place.group_of(run) != "1"]
    assert runs_of(read_all(place, len(left))) == sorted(left)
    assert "WRONGTYPE" in str(place.status()["trouble"])


@pytest.mark.parametrize(
    ("options", "words"), [({}, "Nothing answers"), ({"lease_seconds": 0.0}, "lease_seconds=0.0")]
)
def test_what_cannot_work_is_said_at_once(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        RedisPlace(f"redis://127.0.0.1:{unused_port()}", **options).open()


def test_nothing_but_acknowledged_entries_is_removed(
    redis: RedisServer, opens: Callable[..., RedisPlace]
) -> None:
    """A full stream has room again as soon as a collector has acknowledged."""
    exporter = RedisExporter(redis.url, streams=1, max_length=2, retry_seconds=PATIENCE)
    exporter.export([status_of("run_0"), status_of("run_1")])
    place = opens()
    entries = read_all(place, 2)
    assert sum(map(len, stored_texts(redis).values())) == 2
    place.acknowledge([entries[0].token])
    exporter.export([status_of("run_2")])
    assert [event["run_id"] for event in stored(redis)] == ["run_1", "run_2"]
    exporter.shutdown()


def test_what_waits_can_be_looked_at_without_taking_it(
    redis: RedisServer, opens: Callable[..., RedisPlace]
) -> None:
    runs = sorted(f"run_{number}" for number in range(1100))
    append(redis, *runs, streams=2)
    place = opens()
    assert len(read_all(place, 1100)) == 1100
    watcher = RedisPlace(redis.url)
    assert sorted(json.loads(line)["run_id"] for line in watcher.peek()) == runs
    watcher.close()
    assert len(list(place.status()["groups"])) == 2  # type: ignore[call-overload]  # a list, in JSON


def test_runs_without_an_end_are_listed_by_the_command(
    redis: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    append(redis, "run_1", "run_2")
    with redis.client() as client:
        client.xadd("threadtrail:events:0", {"event": "{}"})
    assert cli.main(["status", "--from", redis.url]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[0] == "2 runs without an end:"
    assert "left out 1 entry that is not an event of this version" in printed.err
    assert cli.main(["status", "--from", f"redis://app:s3cret-one@127.0.0.1:{redis.port}/0"]) == 2
    assert "rejects the login" in (said := capsys.readouterr().err)
    assert "s3cret-one" not in said


def test_a_collector_prints_no_secret_of_its_address(redis: RedisServer, tmp_path: Path) -> None:
    append(redis, "run_1")
    login = copy.copy(redis)
    login.url = f"redis://default:s3cret-one@127.0.0.1:{redis.port}/0?client_name=s3cret-two"
    with Collector(login, tmp_path, "collector") as collector:
        wait_until(lambda: "collecting from" in collector.log.read_text(), timeout=PATIENCE)
        collector.stop()
    printed = collector.log.read_text()
    assert f"collecting from {redis.url} for jsonl" in printed
    assert "s3cret" not in printed


def test_the_login_is_taken_from_the_environment_if_the_address_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with RedisServer(tmp_path, "--requirepass", "s3cret-one") as redis:
        monkeypatch.setenv("threadtrail_redis_password", "s3cret-one")
        monkeypatch.setenv("THREADTRAIL_REDIS_USERNAME", "")  # as if it was not set
        assert cli.main(["status", "--from", redis.url]) == 0
        monkeypatch.delenv("threadtrail_redis_password")
        monkeypatch.setenv("THREADTRAIL_REDIS_PASSWORD", "s3cret-one")
        monkeypatch.setenv("THREADTRAIL_REDIS_USERNAME", "default")
        assert cli.main(["status", "--from", redis.url]) == 0
        assert cli.main(["status", "--from", redis.url.replace("//", "//:wrong@")]) == 2
        monkeypatch.setenv("THREADTRAIL_REDIS_PASSWORD", "wrong")
        assert cli.main(["status", "--from", redis.url]) == 2
        assert cli.main(["status", "--from", redis.url.replace("//", "//:s3cret-one@")]) == 0
        given = RedisPlace(redis.url, password="s3cret-one")
        given.open()
        given.close()
    assert capsys.readouterr().err.count("rejects the login") == 2


@pytest.mark.parametrize("address", ["redis://{}/0", "redis://{}", "redis://app:s3cret-one@{}"])
def test_the_command_does_not_write_to_where_it_reads(
    address: str, redis: RedisServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("THREADTRAIL_EXPORTERS", "redis")
    monkeypatch.setenv("THREADTRAIL_REDIS_URL", address.format(f"localhost:{redis.port}"))
    assert cli.main(["collect", "--from", redis.url]) == 2
    assert f"the exporter 'redis' writes to 'redis://localhost:{redis.port}" in (
        said := capsys.readouterr().err
    )
    assert "which is collected from" in said
    assert "s3cret-one" not in said


def test_another_redis_is_another_place(redis: RedisServer, opens: Callable[..., RedisPlace]) -> None:
    others = ("redis://127.0.0.1:{}/1", "redis://elsewhere:{}/0", "runs.jsonl", "the app's own Redis client")
    assert not any(opens().is_at(other.format(redis.port)) for other in others)
