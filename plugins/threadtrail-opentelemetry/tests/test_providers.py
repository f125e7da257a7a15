"""Where spans go: what is passed in, what the program has, what the variables say; and clear errors."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from exporter_driving import answer, asked, tutor
from opentelemetry import metrics, trace
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NoOpTracerProvider, ProxyTracerProvider

import threadtrail
from otel_programs import program
from threadtrail.errors import ConfigurationError
from threadtrail_opentelemetry import OpenTelemetryExporter, options

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_stage import Stage
    from threadtrail.testing import AssistantsServer, OtlpReceiver


def test_with_nowhere_to_send_to_it_says_so() -> None:
    with pytest.raises(ConfigurationError, match="OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318"):
        threadtrail.instrument(exporters=["opentelemetry"])
    assert not threadtrail.status().active


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"usage": "everywhere"}, "usage"),
        ({"content_format": "xml"}, "content_format"),
        ({"profile": "2019"}, "profile"),
        ({"runs_from_elsewhere": "ignore"}, "runs_from_elsewhere"),
        ({"message_content": "true"}, "NO_CONTENT, SPAN_ONLY, EVENT_ONLY, SPAN_AND_EVENT"),
        (
            {"endpoint": "localhost:4317"},
            "endpoint='localhost:4317' is not an address.*such as http://localhost:4318",
        ),
        ({"endpoint": "http://"}, "is not an address"),
        ({"endpoint": "http://localhost:otlp"}, "is not an address"),
        ({"endpoint": "ftp://me:secret@localhost"}, "endpoint='localhost' is not an address"),
        ({"endpoint": "http://localhost:4318/v1/traces"}, "leave out /v1/traces"),
        ({"headers": {"authorization": "x"}}, "endpoint, which is not set"),
        (
            {"endpoint": "http://localhost:1", "tracer_provider": NoOpTracerProvider()},
            "give only one of them",
        ),
        ({"endpiont": "http://localhost:1"}, "Did you mean"),
    ],
)
def test_a_wrong_option_is_named(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        threadtrail.instrument(exporters={"opentelemetry": wrong})


def test_structures_that_would_be_dropped_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "version", lambda _: "1.44.1")
    with pytest.raises(ConfigurationError, match=r"needs opentelemetry-api 1\.45 or newer, and 1\.44\.1 is"):
        OpenTelemetryExporter(content_format="structured")


def test_the_standard_variables_make_private_providers(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", stage.receiver.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "tutor-service")
    monkeypatch.setenv("THREADTRAIL_OPENTELEMETRY_USAGE", "both")
    threadtrail.instrument(exporters=["opentelemetry"])
    tutor(stage.client)
    threadtrail.flush()
    assert stage.receiver.span("create_agent Math Tutor").resource["service.name"] == "tutor-service"
    assert stage.receiver.requests[0].headers["authorization"] == "Bearer abc"
    assert {request.path for request in stage.receiver.requests} == {"/v1/traces", "/v1/metrics"}
    # The program's own are as they were.
    assert isinstance(trace.get_tracer_provider(), ProxyTracerProvider)
    assert "Proxy" in type(metrics.get_meter_provider()).__name__
    threadtrail.uninstrument()


def test_a_collector_for_traces_alone_gets_traces_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{stage.receiver.url}/v1/traces")
    threadtrail.instrument(exporters={"opentelemetry": {"message_content": "SPAN_AND_EVENT"}})
    tutor(stage.client)
    threadtrail.uninstrument()
    assert [request.path for request in stage.receiver.requests] == ["/v1/traces"]


@pytest.mark.parametrize(
    ("variable", "value"), [("OTEL_METRICS_EXPORTER", "none"), (None, NoOpMeterProvider())]
)
def test_metrics_can_be_left_out(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, variable: str | None, value: Any
) -> None:
    if variable is not None:
        monkeypatch.setenv(variable, value)
        stage.traced()
    else:
        stage.traced(meter_provider=value)
    tutor(stage.client)
    threadtrail.shutdown()
    assert [request.path for request in stage.receiver.requests] == ["/v1/traces"]


HTTP = "http://127.0.0.1:4318"


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (
            {"ENDPOINT": "127.0.0.1:9"},
            "ENDPOINT='127.0.0.1:9' is not an address.*such as http://localhost:4318$",
        ),
        ({"ENDPOINT": "me:secret@127.0.0.1:9"}, "ENDPOINT='127.0.0.1:9' is not an address"),
        ({"ENDPOINT": "https://"}, "ENDPOINT='https://' is not an address"),
        ({"TRACES_ENDPOINT": "collector:4318"}, "TRACES_ENDPOINT='collector:4318' is .*:4318/v1/traces$"),
        ({"ENDPOINT": HTTP, "METRICS_ENDPOINT": "collector:4318"}, "METRICS_ENDPOINT=.*:4318/v1/metrics$"),
        ({"ENDPOINT": "collector:4317", "PROTOCOL": "grpc"}, "PROTOCOL=grpc is .*pass tracer_provider"),
        ({"ENDPOINT": HTTP, "TRACES_PROTOCOL": "http/json"}, "TRACES_PROTOCOL=http/protobuf .*or pass"),
        (
            {"ENDPOINT": HTTP, "METRICS_ENDPOINT": "collector:4317", "METRICS_PROTOCOL": "grpc"},
            "METRICS_PROTOCOL=grpc is .*pass meter_provider",
        ),
    ],
)
def test_variables_that_would_lose_everything_are_refused(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], words: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", value)
    with pytest.raises(ConfigurationError, match=f"OTEL_EXPORTER_OTLP_.*{words}") as caught:
        threadtrail.instrument(exporters=["opentelemetry"])
    assert len(caught.value.problems) == 1
    assert "secret" not in str(caught.value)
    assert not threadtrail.status().active


def test_every_variable_that_is_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "collector:4318")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "collector:4318")
    with pytest.raises(ConfigurationError) as caught:
        threadtrail.instrument(exporters=["opentelemetry"])
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    "variables",
    [
        # Not sent, so not looked at.
        {"METRICS_ENDPOINT": "collector:4317", "METRICS_PROTOCOL": "grpc", "METRICS_EXPORTER": "none"},
        {"LOGS_ENDPOINT": "collector:4317", "LOGS_PROTOCOL": "grpc"},
        # The signal's own variable counts, and the general one for nobody.
        {"PROTOCOL": "grpc", "TRACES_PROTOCOL": "http/protobuf", "METRICS_PROTOCOL": "http/protobuf"},
    ],
)
def test_variables_that_do_not_matter_are_not_refused(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", stage.receiver.url)
    for name, value in variables.items():
        monkeypatch.setenv(f"OTEL_{name}" if "EXPORTER" in name else f"OTEL_EXPORTER_OTLP_{name}", value)
    threadtrail.instrument(exporters=["opentelemetry"])
    tutor(stage.client)
    assert threadtrail.flush()
    assert len(stage.receiver.spans) == 1
    threadtrail.uninstrument()


def test_where_content_goes_into_log_records_their_variables_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", HTTP)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "collector:4318")
    with pytest.raises(ConfigurationError, match="LOGS_ENDPOINT='collector:4318' is not an address"):
        threadtrail.instrument(exporters={"opentelemetry": {"message_content": "EVENT_ONLY"}})


def test_with_a_provider_of_the_program_the_variables_are_not_looked_at(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")
    stage.traced(tracer_provider=TracerProvider(shutdown_on_exit=False))
    assert threadtrail.status().active


@pytest.mark.parametrize(
    ("variable", "value"), [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")]
)
def test_what_switches_opentelemetry_off_switches_this_off(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", stage.receiver.url)
    threadtrail.instrument(exporters=["opentelemetry"])
    tutor(stage.client)
    threadtrail.uninstrument()
    assert stage.receiver.requests == []


def test_the_programs_providers_are_flushed_but_never_closed(stage: Stage) -> None:
    class Watched(TracerProvider):
        flushed = closed = 0

        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            self.flushed += 1
            return super().force_flush(timeout_millis)

        def shutdown(self) -> None:
            self.closed += 1

    own = Watched(shutdown_on_exit=False)
    stage.traced(tracer_provider=own)
    tutor(stage.client)
    assert threadtrail.flush()
    threadtrail.shutdown()
    assert own.flushed >= 2
    assert own.closed == 0


@pytest.mark.slow
def test_the_global_provider_is_used_and_left_alone(server: AssistantsServer) -> None:
    printed = program("with_a_global_provider", server).stdout.splitlines()
    assert printed == ["the same provider: True", "invoke_agent Math Tutor is the child of request: True"]


@pytest.mark.slow
@pytest.mark.parametrize("module", ["threadtrail_opentelemetry", "threadtrail_opentelemetry.instrumentor"])
def test_importing_starts_nothing_and_opens_nothing(module: str) -> None:
    code = (
        "import socket, sys, threading\n"
        "def refuse(*_): raise AssertionError('a socket')\n"
        "socket.socket.connect = refuse\n"
        f"import {module}\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
        "assert 'openai' not in sys.modules\n"
        "assert 'opentelemetry.exporter.otlp.proto.http.trace_exporter' not in sys.modules\n"
        "from opentelemetry import trace\n"
        "assert type(trace.get_tracer_provider()).__name__ == 'ProxyTracerProvider'\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=240)


def test_switching_it_on_opens_no_connection(receiver: OtlpReceiver, traced: Callable[..., None]) -> None:
    traced()
    threadtrail.uninstrument()
    assert receiver.to("/v1/traces") == []


def test_a_provider_passed_in_gets_the_runs_of_two_configurations_once(stage: Stage) -> None:
    """The second call replaces the first, so nothing is exported twice."""
    stage.traced()
    stage.traced()
    assistant, thread = tutor(stage.client), asked(stage.client)
    answer(stage.client, stage.client.beta.threads.runs.create(thread.id, assistant_id=assistant.id))
    threadtrail.flush()
    assert len(stage.receiver.starting_with("invoke_agent")) == 1
    assert len(stage.receiver.starting_with("create_agent")) == 1
