"""The session of OTLP exporters: what it describes, what it does not send, where it does not go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from threadtrail.testing import HttpReceiver, unused_port

pytest.importorskip("requests")

from requests import ConnectionError as RequestsConnectionError
from requests import ReadTimeout

from threadtrail.otlp.session import HTTP_HEADERS, Answer, OtlpSession, RedirectedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def backend() -> Iterator[HttpReceiver]:
    with HttpReceiver() as running:
        yield running


def test_the_answer_is_described(backend: HttpReceiver) -> None:
    with OtlpSession() as session:
        assert session.outcome == ""
        session.post(backend.url)
        assert (session.answer, session.outcome) == (Answer(200, "OK"), "HTTP 200 OK")
        assert session.answer is not None
        assert session.answer.accepted
        backend.status = 503
        session.post(backend.url)
        assert session.outcome == "HTTP 503 Service Unavailable"
        session.forget()
        assert session.outcome == ""


@pytest.mark.parametrize(
    ("location", "described"),
    [
        (None, "HTTP 302 Found, a redirect"),
        ("http://[half", "HTTP 302 Found, a redirect"),
        ("https://me:secret@x.test/a?key=secret", "HTTP 302 Found, a redirect to https://x.test/a"),
    ],
)
@pytest.mark.parametrize("allow_redirects", [True, False])
def test_a_redirect_is_an_error_and_not_followed(
    backend: HttpReceiver, location: str | None, described: str, *, allow_redirects: bool
) -> None:
    backend.status, backend.location = 302, location
    with OtlpSession() as session, pytest.raises(RedirectedError) as caught:
        session.post(backend.url, allow_redirects=allow_redirects)
    assert str(caught.value) == session.outcome == described
    assert len(backend.requests) == 1


def test_a_relative_target_is_shown_whole(backend: HttpReceiver) -> None:
    backend.status, backend.location = 308, "/login?next=secret"
    with OtlpSession() as session, pytest.raises(RedirectedError):
        session.post(f"{backend.url}/v1/traces")
    assert session.outcome.endswith(f"a redirect to {backend.url}/login")


def test_that_nobody_answers_is_described_without_secrets() -> None:
    host = f"127.0.0.1:{unused_port()}"
    with OtlpSession() as session, pytest.raises(RequestsConnectionError):
        session.post(f"http://me:secret@{host}/v1?key=secret", data=b"content")
    assert session.outcome == f"Nothing answers at http://{host}/v1: Connection refused"


def test_a_timeout_is_described(backend: HttpReceiver) -> None:
    backend.answering.clear()
    with OtlpSession() as session, pytest.raises(ReadTimeout):
        session.post(backend.url, timeout=0.1)
    assert session.outcome == f"{backend.url} did not answer in time"


def test_only_allowed_headers_are_sent(
    backend: HttpReceiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    headers: dict[str, Any] = {"X-Key": "mine", "X-Other": "secret", "Content-Type": "text/plain"}
    with OtlpSession(HTTP_HEADERS | {"X-Key"}) as session:
        session.headers["X-More"] = "secret"
        session.post(backend.url, headers=headers, data=b"x")
    (request,) = backend.requests
    assert request.headers["x-key"] == "mine"
    assert request.headers["content-type"] == "text/plain"
    assert set(request.headers) <= {*HTTP_HEADERS, "host", "x-key"}
    assert "secret" not in str(request.headers)


def test_by_default_all_headers_are_sent(backend: HttpReceiver) -> None:
    with OtlpSession() as session:
        session.post(backend.url, headers={"X-Key": "mine"})
    assert backend.requests[0].headers["x-key"] == "mine"
