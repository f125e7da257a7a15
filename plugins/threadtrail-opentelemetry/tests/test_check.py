"""``threadtrail doctor`` with a collector: there, refusing, silent, gone; no span is ever sent."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import doctors_visit
import pytest
from delivery.support import PATIENCE
from doctors_visit import check_error
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider

from threadtrail.config.settings import Settings
from threadtrail.testing import unused_port
from threadtrail_opentelemetry import OpenTelemetryExporter

if TYPE_CHECKING:
    from pathlib import Path

    from doctors_visit import Found

    from threadtrail.testing import OtlpReceiver

BEARER = "a-token-that-is-secret"


def check(timeout: float = PATIENCE, **options: Any) -> str | None:
    exporter = OpenTelemetryExporter(**options)
    exporter.start(Settings())
    try:
        return exporter.check(timeout)
    finally:
        exporter.shutdown(1.0)


refused = partial(check_error, check)


def test_a_collector_that_takes_spans(receiver: OtlpReceiver) -> None:
    answer = check(endpoint=receiver.url, headers={"authorization": f"Bearer {BEARER}"})
    assert answer == f"The collector at {receiver.url}/v1/traces accepts spans (HTTP 200)."
    (request,) = receiver.requests
    assert request.path == "/v1/traces"
    assert not ExportTraceServiceRequest.FromString(request.body).resource_spans
    assert receiver.requests[0].headers["authorization"] == f"Bearer {BEARER}"


def test_the_standard_variables_say_where_and_with_what(
    receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{receiver.url}/custom/path")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"x-key={BEARER}")
    assert check() == f"The collector at {receiver.url}/custom/path accepts spans (HTTP 200)."
    assert receiver.requests[0].headers["x-key"] == BEARER


@pytest.mark.parametrize(
    ("status", "words", "advice"),
    [
        (401, "rejects the credentials (HTTP 401).", "OTEL_EXPORTER_OTLP_HEADERS"),
        (403, "rejects the credentials (HTTP 403).", "OTEL_EXPORTER_OTLP_HEADERS"),
        (404, "answers, but not as a collector would (HTTP 404).", "usually 4318"),
        (302, "redirects (HTTP 302), without a valid target.", "Redirects are not followed"),
        (500, "does not accept spans (HTTP 500).", "See its logs"),
        (503, "does not accept spans (HTTP 503).", "See its logs"),
    ],
)
def test_a_collector_that_does_not_is_asked_once(
    receiver: OtlpReceiver, caplog: pytest.LogCaptureFixture, status: int, words: str, advice: str
) -> None:
    receiver.status = status
    error = refused(endpoint=receiver.url, headers={"authorization": BEARER})
    assert words in error.problem
    assert f"{receiver.url}/v1/traces" in error.problem
    assert advice in error.advice
    assert BEARER not in str(error)
    assert len(receiver.requests) == 1
    assert caplog.records == []


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://me:a-token-that-is-secret@otlp.example.com/v1/traces?key=a-token-that-is-secret", None),
        ("/login?next=a-token-that-is-secret", "/login"),
    ],
)
def test_a_redirect_is_told_with_where_it_leads_to(
    receiver: OtlpReceiver, location: str, shown: str | None
) -> None:
    receiver.status, receiver.location = 308, location
    error = refused(endpoint=receiver.url)
    target = "https://otlp.example.com/v1/traces" if shown is None else f"{receiver.url}{shown}"
    assert error.problem == (
        f"{receiver.url}/v1/traces redirects to {target} (HTTP 308), and redirects are not followed."
    )
    assert error.advice.startswith("If a collector is at that address, set it:")
    assert BEARER not in str(error)
    assert len(receiver.requests) == 1


def test_a_redirect_to_what_is_no_address_is_told_too(receiver: OtlpReceiver) -> None:
    receiver.status, receiver.location = 302, "http://[half"
    assert "without a valid target" in refused(endpoint=receiver.url).problem


def test_nobody_there_is_known_at_once() -> None:
    address = f"http://127.0.0.1:{unused_port()}"
    begun = time.monotonic()
    error = refused(120.0, endpoint=address)
    assert time.monotonic() - begun < PATIENCE  # the exporter alone would try for all of the timeout
    assert error.problem == f"Nothing answers at {address}/v1/traces: Connection refused."


def test_the_timeout_is_kept(receiver: OtlpReceiver) -> None:
    receiver.answering.clear()
    begun = time.monotonic()
    error = refused(0.3, endpoint=receiver.url)
    assert time.monotonic() - begun < PATIENCE  # it hangs until it is released
    assert error.problem == f"{receiver.url}/v1/traces did not answer within 0.3 seconds."


def test_a_password_in_the_address_is_not_told(receiver: OtlpReceiver) -> None:
    host = receiver.url.removeprefix("http://")
    answer = check(endpoint=f"http://me:{BEARER}@{host}")
    assert answer == f"The collector at {receiver.url}/v1/traces accepts spans (HTTP 200)."


def test_the_programs_own_provider_is_not_asked() -> None:
    answer = check(tracer_provider=TracerProvider(shutdown_on_exit=False))
    assert answer == "Spans go to the program's own provider (TracerProvider), which sends them by itself."


def test_switched_off_there_is_nobody_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert check() is None


def test_requests_that_are_made_otherwise_are_left_alone(
    receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    exporter = OpenTelemetryExporter()
    exporter.start(Settings())
    variable = "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER"
    monkeypatch.setenv(variable, "of_the_app")
    assert exporter.check(PATIENCE) == (
        f"{variable} is set, so the requests are the app's own, and the collector was not asked."
    )
    assert receiver.to("/v1/traces") == []
    monkeypatch.delenv(variable)
    exporter.shutdown(1.0)


# --- the command, as users run it --------------------------------------------------------------------


def doctor(folder: Path, *arguments: str, **variables: str) -> Found:
    return doctors_visit.doctor(folder, "--exporter", "opentelemetry", *arguments, **variables)


@pytest.mark.slow
def test_the_command_with_a_wrong_key(receiver: OtlpReceiver, tmp_path: Path) -> None:
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{BEARER}",
    }
    receiver.status = 401
    found = doctor(tmp_path, **variables)
    problem = found.only("problem")
    assert (found.code, found.stderr) == (1, "")
    assert problem["message"] == (
        f"The collector at {receiver.url}/v1/traces rejects the credentials (HTTP 401)."
    )
    assert "(authorization=Bearer%20...)" in problem["advice"]
    assert BEARER not in str(found)


@pytest.mark.slow
def test_the_command_with_a_dead_and_with_a_hanging_endpoint(receiver: OtlpReceiver, tmp_path: Path) -> None:
    dead = f"http://127.0.0.1:{unused_port()}"
    found = doctor(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=dead)
    assert (found.code, found.stderr) == (1, "")
    assert found.messages("problem") == [f"Nothing answers at {dead}/v1/traces: Connection refused."]
    receiver.answering.clear()
    found = doctor(tmp_path, "--timeout", "0.5", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
    assert (found.code, found.stderr) == (1, "")
    assert found.messages("problem") == [f"{receiver.url}/v1/traces did not answer within 0.5 seconds."]


@pytest.mark.slow
def test_the_command_with_an_endpoint_that_is_no_address(tmp_path: Path) -> None:
    found = doctor(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="127.0.0.1:9")
    assert (found.code, found.stderr) == (2, "")
    assert "OTEL_EXPORTER_OTLP_ENDPOINT='127.0.0.1:9' is not an address" in found.only("problem")["message"]


@pytest.mark.slow
def test_the_command_where_the_program_sets_the_provider(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "from opentelemetry import trace\n"
        "from opentelemetry.sdk.trace import TracerProvider\n"
        "from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor\n"
        "provider = TracerProvider()\n"
        "provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))\n"
        "trace.set_tracer_provider(provider)\n"
    )
    found = doctor(tmp_path)
    refused = found.only("problem")
    assert found.code == 2
    assert "there is nowhere to send spans to" in refused["message"]
    assert refused["advice"].endswith("run: threadtrail doctor MODULE.")
    found = doctor(tmp_path, "app")
    told = [each["message"] for each in found.findings]
    assert found.code == 0
    assert "Spans go to the program's own provider (TracerProvider), which sends them by itself." in told
    assert "OpenTelemetry's global provider is the program's own. It sends with: ConsoleSpanExporter." in told
