"""The session of OTLP exporters: what it describes, what it does not send, where it does not go."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from threadtrail.testing import HttpReceiver, unused_port

pytest.importorskip("requests")

from requests import ConnectionError as RequestsConnectionError
from requests import ReadTimeout, Response, Session

from threadtrail.otlp.session import HTTP_HEADERS, Answer, NoTimeLeftError, OtlpSession, RedirectedError

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


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login me password secret\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))


@pytest.mark.usefixtures("netrc")
@pytest.mark.parametrize("own", [{"X-Key": "mine"}, {"x-key": "mine", "Authorization": "Bearer mine"}, {}])
def test_only_its_own_headers_are_sent(backend: HttpReceiver, own: dict[str, str]) -> None:
    others: dict[str, Any] = {
        "X-Other": "secret",
        "X-Key": "secret",
        "Cookie": "a=secret",
        "Content-Type": "text/plain",
    }
    with OtlpSession(own) as session:
        session.headers["X-More"] = "secret"
        session.post(backend.url, headers=others, data=b"x")
    (request,) = backend.requests
    expected = {name.lower(): value for name, value in own.items()}
    assert {name: value for name, value in request.headers.items() if name in expected} == expected
    assert request.headers["content-type"] == "text/plain"
    assert set(request.headers) <= {*HTTP_HEADERS, "host", *expected}
    assert "secret" not in str(request.headers)


def test_a_cookie_of_the_backend_is_sent_back(backend: HttpReceiver) -> None:
    with OtlpSession({}) as session:
        session.cookies.set("lane", "1", domain="127.0.0.1")
        session.post(backend.url, headers={"Cookie": "a=secret"})
    assert backend.requests[0].headers["cookie"] == "lane=1"


@pytest.mark.parametrize("set_by", ["the request", "the session"])
def test_no_certificate_of_the_environment_is_used(
    backend: HttpReceiver, monkeypatch: pytest.MonkeyPatch, set_by: str
) -> None:
    used: list[dict[str, Any]] = []

    def send(_session: Session, request: Any, **options: Any) -> Response:
        used.append(options)
        return answer

    for variable in (
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    ):  # the machine's own, for all that it connects to
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(Session, "send", send)
    answer = Response()
    answer.status_code = 200
    with OtlpSession({}) as session:
        if set_by == "the session":
            session.verify, session.cert = "/ca.pem", "/client.pem"
            session.post(backend.url)
        else:
            session.post(backend.url, verify="/ca.pem", cert=("/client.pem", "/client.key"))
    assert [(each["verify"], each["cert"]) for each in used] == [(True, None)]


def test_the_reason_of_an_answer_is_cleaned_for_all_who_log_it(backend: HttpReceiver) -> None:
    backend.reason = "No\x1b[2Jthanks\x9b1m"
    backend.status = 500
    with OtlpSession() as session:
        answer = session.post(backend.url)
    assert answer.reason == "No\\x1b[2Jthanks\\x9b1m"
    assert session.outcome == "HTTP 500 No\\x1b[2Jthanks\\x9b1m"


def test_an_answer_without_a_reason_gets_the_usual_one(backend: HttpReceiver) -> None:
    backend.reason, backend.status = "", 503
    with OtlpSession() as session:
        assert session.post(backend.url).reason == "Service Unavailable"
        backend.status = 599
        assert session.post(backend.url).reason == "without a reason"


def test_by_default_all_headers_are_sent(backend: HttpReceiver) -> None:
    with OtlpSession() as session:
        session.post(backend.url, headers={"X-Key": "mine"})
    assert backend.requests[0].headers["x-key"] == "mine"


def test_the_last_requests_are_over_at_the_deadline(backend: HttpReceiver) -> None:
    backend.answering.clear()
    with OtlpSession() as session:
        session.deadline = time.monotonic() + 0.2
        with pytest.raises(ReadTimeout):
            session.post(backend.url, timeout=600)
        assert time.monotonic() >= session.deadline
        assert not session.has_time
        with pytest.raises(NoTimeLeftError, match="the time for the last requests is over"):
            session.post(backend.url, timeout=600)
        assert session.outcome == "the time for the last requests is over"
    backend.answering.set()
    assert len(backend.requests) <= 1, "the second did not begin"


@pytest.mark.parametrize("timeout", [None, 600, 0.001])
def test_before_the_deadline_nothing_changes(backend: HttpReceiver, timeout: float | None) -> None:
    with OtlpSession() as session:
        session.deadline = time.monotonic() + 600
        assert timeout == 0.001 or session.post(backend.url, timeout=timeout).ok
        backend.answering.clear()
        if timeout == 0.001:
            with pytest.raises(ReadTimeout):
                session.post(backend.url, timeout=timeout)
        backend.answering.set()
