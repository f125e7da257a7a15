"""If no spans are made, the start reports it and nothing counts as delivered; other losses are counted."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from exporter_driving import tutor, whole_run
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NoOpTracerProvider

import threadtrail
from threadtrail._guard import guard
from threadtrail.config.settings import Settings
from threadtrail.errors import ConfigurationError, EventsLostError
from threadtrail.events import RunEnded
from threadtrail.testing import wait_until
from threadtrail.testing.samples import sample_runs
from threadtrail_opentelemetry import OpenTelemetryExporter

if TYPE_CHECKING:
    from otel_stage import Stage
    from threadtrail.delivery.status import LaneStatus
    from threadtrail.testing import OtlpReceiver

SDK_DISABLED = "OTEL_SDK_DISABLED is true, which switches off OpenTelemetry's SDK and everything that uses it"


def lane() -> LaneStatus:
    return threadtrail.status().exporters["opentelemetry"]


def check_nothing_was_sent(stage: Stage, reason: str) -> None:
    tutor(stage.client)
    assert threadtrail.flush()
    assert (lane().delivered, lane().failed, lane().switched_off) == (0, 0, reason)
    assert lane().dropped > 0
    assert stage.receiver.requests == []


@pytest.mark.parametrize("value", ["true", " TRUE "])
@pytest.mark.parametrize("how", ["variable", "option"])
def test_by_the_switch_of_the_sdk(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, value: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", value)
    if how == "option":
        stage.traced()
    else:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", stage.receiver.url)
        threadtrail.instrument(exporters=["opentelemetry"])
    check_nothing_was_sent(stage, SDK_DISABLED)
    assert caplog.text.count(f"exporter 'opentelemetry' is switched off: {SDK_DISABLED}") == 1


def test_by_the_switch_of_traces(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", stage.receiver.url)
    threadtrail.instrument(exporters=["opentelemetry"])
    check_nothing_was_sent(stage, "OTEL_TRACES_EXPORTER is none")


def test_by_the_programs_own_provider(stage: Stage) -> None:
    stage.traced(tracer_provider=NoOpTracerProvider(), meter_provider=NoOpMeterProvider())
    check_nothing_was_sent(stage, "the program's tracer provider makes no spans")


def test_by_a_provider_that_was_made_while_the_sdk_was_off(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    provider = TracerProvider(shutdown_on_exit=False)
    stage.traced(tracer_provider=provider)
    check_nothing_was_sent(stage, SDK_DISABLED)


@pytest.mark.parametrize("value", ["false", "", "1", "yes"])
def test_no_other_value_is_that_of_the_standard(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", value)
    stage.traced()
    tutor(stage.client)
    assert threadtrail.flush()
    assert (lane().delivered, lane().switched_off) == (1, None)
    assert stage.receiver.requests


def test_metrics_alone_are_something(stage: Stage) -> None:
    reader = InMemoryMetricReader()
    stage.traced(tracer_provider=NoOpTracerProvider(), meter_provider=MeterProvider([reader]))
    whole_run(stage.client)
    assert threadtrail.flush()
    assert lane().switched_off is None
    assert reader.get_metrics_data() is not None


# --- settings that can never work ---------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"])
@pytest.mark.parametrize("value", ["0", "-1", "soon", "nan", "inf"])
@pytest.mark.parametrize("how", ["variable", "option"])
def test_a_timeout_that_never_suffices_is_refused(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, how: str
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", stage.receiver.url)
    with pytest.raises(ConfigurationError, match=f"{variable}='{value}' is not a number of seconds above 0"):
        threadtrail.instrument(
            exporters={"opentelemetry": {"endpoint": stage.receiver.url}}
            if how == "option"
            else "opentelemetry"
        )


def test_the_timeout_of_a_signal_that_is_not_sent_does_not_matter(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "0")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "2.5")
    stage.traced()
    tutor(stage.client)
    assert threadtrail.flush()


# --- one of a batch, and the end ----------------------------------------------------------------------


def broken() -> RunEnded:
    run: Any = None
    return RunEnded(time=1, run=run)


def test_an_event_that_cannot_become_a_span_takes_no_other_with_it(receiver: OtlpReceiver) -> None:
    exporter = OpenTelemetryExporter(endpoint=receiver.url)
    assert exporter.start(Settings()) is None
    good = [RunEnded(time=1, run=run) for run in list(sample_runs().values())[:2]]
    with pytest.raises(EventsLostError, match="1 of 3 events could not be exported: ") as caught:
        exporter.export([good[0], broken(), good[1]], [None, None, None])
    assert caught.value.lost == 1
    assert len(receiver.starting_with("invoke_agent")) == 2
    exporter.shutdown(5.0)


@pytest.mark.slow
def test_no_thread_is_left_by_an_exporter_whose_collector_hangs(stage: Stage) -> None:
    before = set(threading.enumerate())
    stage.receiver.answering.clear()
    for usage in ("run", "steps", "both"):
        stage.traced(usage=usage)
        whole_run(stage.client)

    def readers() -> list[threading.Thread]:
        return [each for each in threading.enumerate() if each not in before and "MetricReader" in each.name]

    wait_until(readers)  # or this test finds nothing
    threadtrail.shutdown(0.1)
    # The collector is waited for as long as a request may take.
    wait_until(lambda: not readers())
    stage.receiver.answering.set()
    guard.errors.clear()  # what was lost
