"""``threadtrail doctor`` with Redis: what answers, what is wrong, what to do; nothing is left there."""

from __future__ import annotations

import subprocess
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from doctors_visit import check_error, doctor

from redis_server import RedisServer
from stored import stored
from test_appending import status_of
from threadtrail.errors import ConfigurationError
from threadtrail.testing import unused_port
from threadtrail_redis import RedisExporter

if TYPE_CHECKING:
    from pathlib import Path


def check(url: str, timeout: float = 5.0, **options: Any) -> str:
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


def test_tls(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make = [
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
    ]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*make, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    port = unused_port()
    files = ("--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-auth-clients", "no")
    with RedisServer(tmp_path, "--tls-port", str(port), *files):
        url = f"rediss://127.0.0.1:{port}/0"
        assert "takes events" in check(f"{url}?ssl_ca_certs={certificate}")
        assert refused(url).problem.startswith(f"Nothing answers at {url}")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"url": "localhost:6379"},
            "url='localhost:6379': it must begin with redis://, rediss:// (TLS) or unix://",
        ),
        ({"url": "redis://:pa/ss-w0rd@host"}, "redis-py cannot read it"),
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
