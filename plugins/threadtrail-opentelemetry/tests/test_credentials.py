"""Credentials of the standard variables go to the host that these name, and to no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from exporter_driving import whole_run
from requests import Response, Session

import threadtrail
from threadtrail import CheckError
from threadtrail.config.settings import Settings
from threadtrail.testing import HttpReceiver
from threadtrail_opentelemetry import OpenTelemetryExporter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai import OpenAI

    from threadtrail.testing import OtlpReceiver

SECRET = "key-of-another-vendor"
HEADERS = {
    "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{SECRET},x-api-key={SECRET},cookie=a={SECRET}",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS": f"x-team={SECRET}",
    "OTEL_EXPORTER_OTLP_METRICS_HEADERS": f"x-team={SECRET}",
    "OTEL_EXPORTER_OTLP_LOGS_HEADERS": f"x-team={SECRET}",
}
CERTIFICATES = {
    "OTEL_EXPORTER_OTLP_CERTIFICATE": "/ca.pem",
    "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": "/client.pem",
    "OTEL_EXPORTER_OTLP_CLIENT_KEY": "/client.key",
}
PROVIDER = "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER"
PATHS = {"/v1/traces", "/v1/metrics", "/v1/logs"}
ALL = {"message_content": "SPAN_AND_EVENT"}


@pytest.fixture
def stranger() -> Iterator[HttpReceiver]:
    with HttpReceiver() as running:
        yield running


@pytest.fixture(autouse=True)
def another_vendor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of an app that sends to another vendor."""
    for name, value in HEADERS.items():
        monkeypatch.setenv(name, value)


def send(client: OpenAI, **options: Any) -> None:
    threadtrail.instrument(exporters={"opentelemetry": {**ALL, **options}})
    whole_run(client)
    threadtrail.uninstrument()


@pytest.mark.parametrize("named", [None, "https://otlp.vendor.example", "http://127.0.0.1:4318"])
@pytest.mark.parametrize("headers", [None, {}, {"X-Mine": "mine"}, {"Authorization": "Bearer mine"}])
def test_an_endpoint_gets_no_header_of_the_environment(
    client: OpenAI,
    receiver: OtlpReceiver,
    monkeypatch: pytest.MonkeyPatch,
    named: str | None,
    headers: dict[str, str] | None,
) -> None:
    if named is not None:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", named)
    send(client, endpoint=receiver.url, headers=headers)
    assert {request.path for request in receiver.requests} == PATHS
    assert SECRET.encode() not in receiver.wire
    for request in receiver.requests:
        own = {name.lower(): value for name, value in (headers or {}).items()}
        assert {name: request.headers.get(name) for name in own} == own


def test_wherever_the_endpoint_is_set(
    client: OpenAI, receiver: OtlpReceiver, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THREADTRAIL_OPENTELEMETRY_ENDPOINT", receiver.url)
    send(client)
    monkeypatch.delenv("THREADTRAIL_OPENTELEMETRY_ENDPOINT")
    by_variable = len(receiver.requests)
    file = tmp_path / "named.toml"
    file.write_text(f'[exporters.opentelemetry]\nendpoint = "{receiver.url}"\n')
    monkeypatch.setenv("THREADTRAIL_CONFIG", str(file))
    send(client)
    assert len(receiver.requests) > by_variable > 0
    assert SECRET.encode() not in receiver.wire


@pytest.mark.parametrize("with_option", [True, False])
def test_the_host_that_the_environment_names_gets_them(
    client: OpenAI, receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch, *, with_option: bool
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    send(client, **({"endpoint": f"{receiver.url}/"} if with_option else {}))
    assert {request.path for request in receiver.requests} == PATHS
    assert {request.headers["x-team"] for request in receiver.requests} == {SECRET}


def test_each_signal_has_a_host_of_its_own(
    client: OpenAI, receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otlp.vendor.example")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{receiver.url}/v1/traces")
    send(client, endpoint=receiver.url)
    secret = {request.path for request in receiver.requests if SECRET in str(request.headers)}
    assert secret == {"/v1/traces"}


@pytest.mark.parametrize("own", [True, False])
def test_certificates_of_the_environment_stay_with_its_host(
    receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch, *, own: bool
) -> None:
    for name, value in CERTIFICATES.items():
        monkeypatch.setenv(name, value)
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
    if not own:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    used: list[tuple[Any, Any]] = []

    def refuse(_session: Session, _request: Any, **options: Any) -> Response:
        used.append((options["verify"], options["cert"]))
        answer = Response()
        answer.status_code = 403
        return answer

    monkeypatch.setattr(Session, "send", refuse)
    exporter = OpenTelemetryExporter(endpoint=receiver.url)
    exporter.start(Settings())
    with pytest.raises(CheckError):
        exporter.check(1.0)
    exporter.shutdown(1.0)
    assert set(used) == {(True, None) if own else ("/ca.pem", ("/client.pem", "/client.key"))}


def test_the_environments_own_session_is_not_used_for_another_host(
    client: OpenAI, receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PROVIDER, "there_is_none")  # if it were used, this would be an error
    send(client, endpoint=receiver.url)
    assert {request.path for request in receiver.requests} == PATHS


def test_the_check_sends_none_either(receiver: OtlpReceiver) -> None:
    receiver.status = 401
    exporter = OpenTelemetryExporter(endpoint=receiver.url)
    exporter.start(Settings())
    with pytest.raises(CheckError) as caught:
        exporter.check(5.0)
    exporter.shutdown(1.0)
    assert SECRET.encode() not in receiver.wire
    assert caught.value.advice == (
        "Correct the option headers. OTEL_EXPORTER_OTLP_HEADERS are sent only to the host of "
        "OTEL_EXPORTER_OTLP_ENDPOINT."
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_nothing_along(
    client: OpenAI,
    receiver: OtlpReceiver,
    stranger: HttpReceiver,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    receiver.status, receiver.location = status, f"{stranger.url}/v1/traces"
    send(client)
    assert receiver.requests
    assert stranger.requests == []


@pytest.mark.parametrize(
    ("variables", "options", "hosts"),
    [
        (
            {},
            {"endpoint": "https://me:pw@collector.example:4318/path?key=x"},
            "https://collector.example:4318",
        ),
        ({"ENDPOINT": "http://collector.example:4318"}, {}, "http://collector.example:4318"),
        (
            {"ENDPOINT": "https://a.example", "METRICS_ENDPOINT": "https://b.example/v1/metrics"},
            {},
            "https://a.example, https://b.example",
        ),
        ({"TRACES_ENDPOINT": "https://a.example/v1/traces"}, {}, "https://a.example"),
    ],
)
def test_the_destination(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], options: dict[str, Any], hosts: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", value)
    exporter = OpenTelemetryExporter(**options)
    exporter.start(Settings())
    assert exporter.destination() == hosts
    exporter.after_fork()
    assert exporter.destination() == hosts
