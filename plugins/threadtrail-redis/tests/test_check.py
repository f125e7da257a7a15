"""``threadtrail doctor`` with Redis: what answers, what is wrong, what to do; nothing is left there."""

from __future__ import annotations

import re
import subprocess
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from doc_blocks import DOCS
from doctors_visit import check_error, doctor
from shared_fixtures import PATIENCE

from redis_server import RedisServer
from stored import stored
from test_appending import status_of
from threadtrail.errors import ConfigurationError
from threadtrail.testing import unused_port, wait_until
from threadtrail_redis import RedisExporter, RedisPlace

if TYPE_CHECKING:
    from pathlib import Path


def check(url: str, timeout: float = PATIENCE, **options: Any) -> str:
    exporter = RedisExporter(url, **options)
    exporter.start()
    try:
        return exporter.check(timeout)
    finally:
        exporter.shutdown()


refused = partial(check_error, check)


def test_a_redis_that_takes_events(redis: RedisServer) -> None:
    with redis.client() as client:
        version = client.info()["redis_version"]
        address = f"redis://127.0.0.1:{redis.port}/0"
        assert (
            check(redis.url)
            == f"Redis {version} at {address} takes events: 16 streams, in which 0 events wait."
        )
        assert client.keys("*") == []


def test_nobody_there() -> None:
    address = f"redis://127.0.0.1:{unused_port()}"
    assert (
        refused(f"{address}?socket_timeout=1").problem == f"Nothing answers at {address}: Connection refused."
    )


def test_a_database_that_is_not_there(redis: RedisServer) -> None:
    address = f"redis://127.0.0.1:{redis.port}/99"
    error = refused(address)
    assert error.problem == f"Redis at {address} has no database of this number."
    assert "0 to 15" in error.advice


@pytest.mark.parametrize("path", ["", "/", "/0", "/3", "/?db=3"])
def test_a_database_that_is_there(path: str, redis: RedisServer) -> None:
    assert "takes events" in check(f"redis://127.0.0.1:{redis.port}{path}")


def test_a_login_of_any_kind(tmp_path: Path) -> None:
    users = ("--requirepass", "right", "--user", "app", "on", ">secret", "~fleet:*", "+@all")
    with RedisServer(tmp_path, *users) as redis:
        place = f"127.0.0.1:{redis.port}/0"
        assert "takes events" in check(f"redis://:right@{place}")
        assert "takes events" in check(redis.url, password="right")
        assert "takes events" in check(f"redis://app:secret@{place}", prefix="fleet")
        for url in (redis.url, f"redis://:wr0ng-one@{place}"):
            error = refused(url)
            assert error.problem == f"Redis at redis://{place} rejects the login."
            assert "username and password" in error.advice
            assert "wr0ng-one" not in str(error)
        assert "NoPermissionError" in refused(redis.url, username="app", password="secret").problem


def test_a_replica(tmp_path: Path) -> None:
    with RedisServer(tmp_path, "--replicaof", "127.0.0.1", str(unused_port())) as redis:
        error = refused(redis.url)
        assert error.problem == f"Redis at {redis.url} is a replica, which takes no writes."
        assert "primary" in error.advice


@pytest.mark.parametrize(
    ("policy", "words", "advice"),
    [
        ("noeviction", "has no memory left (maxmemory)", "threadtrail collect"),
        ("allkeys-lru", "may remove events that nobody has collected", "noeviction"),
    ],
)
def test_memory(policy: str, words: str, advice: str, tmp_path: Path) -> None:
    with RedisServer(tmp_path, "--maxmemory", "1", "--maxmemory-policy", policy) as redis:
        error = refused(redis.url)
        assert words in error.problem
        assert advice in error.advice


def test_limited_memory_of_which_there_is_enough(tmp_path: Path) -> None:
    with RedisServer(tmp_path, "--maxmemory", "1gb") as redis:
        assert check(redis.url).endswith("in which 0 events wait; 0% of its maxmemory is used.")


def test_a_cluster(tmp_path: Path) -> None:
    with RedisServer(tmp_path, "--cluster-enabled", "yes", "--cluster-port", str(unused_port())) as redis:
        assert "is a cluster" in refused(redis.url).problem, "of which nobody serves the keys yet"
        with redis.client() as client:
            client.execute_command("CLUSTER ADDSLOTSRANGE 0 16383")
            wait_until(
                lambda: "'cluster_state': 'ok'" in str(client.execute_command("CLUSTER INFO")),
                timeout=PATIENCE,
            )
        error = refused(redis.url)
        assert "is a cluster" in error.problem
        assert "without cluster mode" in error.advice


def test_what_a_user_of_redis_needs_for_all_of_it(tmp_path: Path) -> None:
    page = (DOCS / "exporters" / "redis.md").read_text(encoding="utf-8")
    (rights,) = re.findall(r"ACL SETUSER app on >secret (.*?)`", page)
    users = ("--user", "default", "off", "--user", "app", "on", ">secret", *rights.split())
    with RedisServer(tmp_path, *users) as redis:
        url = redis.url.replace("//", "//app:secret@")
        assert "takes events" in check(url)
        exporter = RedisExporter(url)
        exporter.export([status_of("run_1"), status_of("run_2")])
        exporter.shutdown()
        place = RedisPlace(url)
        place.open()
        entries = list(place.read(PATIENCE))
        place.attempt([entries[0].token], 1)
        place.give_up(entries[:1], "no")
        place.move([entries[1].token], [entries[1].line], "another")
        place.acknowledge([entry.token for entry in place.read(PATIENCE)])
        place.turns.put("server", {"call_1": "run_1"})
        place.marks.put({"run_1": "finished"})
        assert place.marks.get(["run_1"]) == {"run_1": "finished"}
        assert place.status()["trouble"] is None
        place.close()


def test_a_user_of_redis_who_may_not_ask_for_the_time(tmp_path: Path) -> None:
    users = ("--user", "app", "on", ">secret", "~*", "+@all", "-time")
    with RedisServer(tmp_path, *users) as redis:
        assert "+time" in refused(redis.url, username="app", password="secret").advice


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for this machine, which it has signed itself; its key is beside it."""
    path = tmp_path / "cert.pem"
    make = (
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    )
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    files = ("-keyout", str(path.with_name("key.pem")), "-out", str(path))
    subprocess.run([*make, *names, *files], check=True, capture_output=True)
    return path


def with_tls(certificate: Path, clients: str) -> tuple[int, RedisServer]:
    port = unused_port()
    files = {"cert": certificate, "key": certificate.with_name("key.pem"), "ca-cert": certificate}
    options = [text for name, path in files.items() for text in (f"--tls-{name}-file", str(path))]
    more = ("--tls-port", str(port), "--tls-auth-clients", clients)
    return port, RedisServer(certificate.parent, *options, *more)


def test_tls(certificate: Path) -> None:
    port, server = with_tls(certificate, "no")
    with server:
        url = f"rediss://127.0.0.1:{port}/0"
        assert "takes events" in check(f"{url}?ssl_ca_certs={certificate}")
        error = refused(url)
        assert error.problem.startswith(f"TLS with {url} fails: self")
        assert "ssl_ca_certs" in error.advice
        assert "a file that url names is not there" in refused(f"{url}?ssl_ca_certs=nothing.pem").problem
        assert "use rediss://" in refused(f"redis://127.0.0.1:{port}/0").advice


def test_tls_with_a_certificate_of_the_client(certificate: Path) -> None:
    port, server = with_tls(certificate, "yes")
    with server:
        url = f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={certificate}"
        key = certificate.with_name("key.pem")
        assert "takes events" in check(f"{url}&ssl_certfile={certificate}&ssl_keyfile={key}")
        assert "ssl_certfile" in refused(url).advice


def test_tls_where_none_is_spoken(redis: RedisServer) -> None:
    url = f"rediss://127.0.0.1:{redis.port}/0"
    error = refused(url, timeout=0.5)
    assert error.problem == f"{url} did not answer within 0.5 seconds."
    assert "use redis://" in error.advice


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"url": "localhost:6379"},
            "url='localhost:6379': it must begin with redis://, rediss:// (TLS) or unix://",
        ),
        ({"url": "redis://:pa/ss-w0rd@host"}, "redis-py cannot read it"),
        ({"url": "redis://host:6379/jobs"}, "the number of the database must follow the host"),
        ({"url": "redis://:s3cret-w0rd@host:6379//1x?db=2"}, "url='redis://host:6379//1x': the number"),
        ({"streams": 0}, "streams=0: it must be between 1 and 1024"),
        ({"max_length": 0}, "max_length=0: it must be above 0"),
        ({"timeout": -1.0}, "timeout=-1.0: it must be above 0"),
        ({"prefix": ""}, "prefix='': it must not be empty"),
    ],
)
def test_options_that_cannot_work(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        RedisExporter(**options).start()
    assert words in str(caught.value)
    assert "w0rd" not in str(caught.value)


@pytest.mark.slow
def test_the_command(redis: RedisServer, tmp_path: Path) -> None:
    exporter = RedisExporter(redis.url)
    exporter.export([status_of("run_1")])
    exporter.shutdown()
    login = f"redis://app:s3cret-one@127.0.0.1:{redis.port}/0"
    chosen = {"THREADTRAIL_EXPORTERS": "redis", "THREADTRAIL_REDIS_URL": redis.url}
    found = doctor(tmp_path, **chosen)
    assert (found.code, found.messages("problem"), found.stderr) == (0, [], "")
    assert "16 streams, in which 1 events wait." in str(found.of("exporter redis"))
    found = doctor(tmp_path, **chosen | {"THREADTRAIL_REDIS_URL": login})
    assert found.code == 1
    assert found.messages("problem") == [f"Redis at {redis.url} rejects the login."]
    assert "s3cret-one" not in str(found)
    assert len(stored(redis)) == 1
