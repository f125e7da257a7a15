"""Private providers, for an app that has none: the exporter's worker sends what they hold.

There is no batch processor, since the exporter is called with batches, in a thread of its own. So a
collector that does not answer is visible in ``threadtrail.status()``.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExportResult, PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider

from threadtrail.otlp.provider import ChosenIds, HeldSpans
from threadtrail.otlp.sending import NotDeliveredError
from threadtrail_opentelemetry.sending import Sender

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk._logs import ReadWriteLogRecord
    from opentelemetry.sdk.metrics.export import MetricsData

    from threadtrail.otlp.session import OtlpSession
    from threadtrail_opentelemetry.standard_variables import Signal
    from threadtrail_opentelemetry.target import Target


LEAST_MILLISECONDS = 100
"""The minimum time that a meter provider gets to shut down, in milliseconds."""


class _HeldRecords(LogRecordProcessor):
    def __init__(self) -> None:
        self._records: list[Any] = []

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        self._records.append(log_record)

    def take(self) -> list[Any]:
        records, self._records = self._records, []
        return records

    def shutdown(self) -> None:
        """Nothing to close."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the SDK's signature
        return True


class _OfOneProcess(OTLPMetricExporter):
    """Sends nothing from a forked child, whose reader has the parent's numbers.

    Nor does it send after the shutdown, whose time is over: the reader's thread would end later.
    """

    def __init__(self, session: OtlpSession | None, **options: Any) -> None:
        super().__init__(session=session, **options)
        self._process = os.getpid()
        self._of_ours = session

    def export(self, metrics_data: MetricsData, *args: Any, **kwargs: Any) -> MetricExportResult:
        if os.getpid() != self._process:
            return MetricExportResult.SUCCESS
        if self._of_ours is not None and not self._of_ours.has_time:
            return MetricExportResult.FAILURE
        return super().export(metrics_data, *args, **kwargs)


class PrivateProviders:
    """A tracer, a meter and a logger provider that send to one collector by OTLP over HTTP.

    The standard variables (``OTEL_SERVICE_NAME``, ``OTEL_RESOURCE_ATTRIBUTES``, ``OTEL_TRACES_SAMPLER``) set
    the resource and the sampling.
    """

    def __init__(self, target: Target, *, metrics: bool, logs: bool) -> None:
        self.ids: ChosenIds = ChosenIds()
        self.target = target
        self._spans, self._records = HeldSpans(), _HeldRecords()
        self.tracer_provider: TracerProvider = TracerProvider(id_generator=self.ids, shutdown_on_exit=False)
        self.tracer_provider.add_span_processor(self._spans)
        self.logger_provider: LoggerProvider | None = LoggerProvider(shutdown_on_exit=False) if logs else None
        if self.logger_provider is not None:
            self.logger_provider.add_log_record_processor(self._records)
        self._connect()
        self.meter_provider = self._meters() if metrics else None

    def send(self) -> None:
        """Send the spans and log records that have ended.

        Raises:
            NotDeliveredError: the collector did not accept them; they are lost.
        """
        spans, records = self._spans.take(), self._records.take()
        with suppress_instrumentation():  # instrumentations of HTTP clients must not trace this
            lost = [self._span_sender.send(spans), self._record_sender.send(records)]
        if any(lost):
            raise NotDeliveredError(f"the collector did not accept {' and '.join(filter(None, lost))}")

    def flush(self, timeout: float) -> bool:
        """Send everything, metrics included; return False if that took longer than ``timeout`` seconds."""
        self.send()
        with suppress_instrumentation():
            return self.meter_provider is None or self.meter_provider.force_flush(_milliseconds(timeout))

    def shutdown(self, timeout: float) -> None:
        """Send everything within ``timeout`` seconds, and close the connections."""
        deadline = time.monotonic() + timeout
        for session in self._sessions:
            session.deadline = deadline
        try:
            self.send()
        finally:
            with suppress_instrumentation():
                if self.meter_provider is not None:
                    # Without time it would not even end the thread of its reader.
                    self.meter_provider.shutdown(max(LEAST_MILLISECONDS, _milliseconds(timeout)))
                self._span_sender.close()
                self._record_sender.close()

    def check(self, timeout: float) -> str:
        """Ask the collector whether it accepts spans; raises ``CheckError``."""
        from threadtrail_opentelemetry import check  # noqa: PLC0415 - apps do not need it

        if provider := self.target.credential_provider("traces"):
            return f"{provider} is set, so the requests are the app's own, and the collector was not asked."
        return check.ask(self.target, timeout)

    def hosts(self) -> str:
        """Return the hosts for spans, metrics and log records."""
        signals: list[Signal] = ["traces"]
        if self.meter_provider is not None:
            signals.append("metrics")
        if self.logger_provider is not None:
            signals.append("logs")
        return self.target.hosts(signals)

    def after_fork(self) -> None:
        """Start with new connections and counts in a forked child.

        The parent's meter provider is not closed: that would wait for a lock that a thread of the parent
        may have held at the fork.
        """
        self._spans.take()
        self._records.take()
        self._connect()
        if self.meter_provider is not None:
            self.meter_provider = self._meters()

    def _connect(self) -> None:
        self._sessions: list[OtlpSession] = []
        self._span_sender = self._sender(OTLPSpanExporter, "traces", "span")
        self._record_sender = self._sender(OTLPLogExporter, "logs", "log record")

    def _sender(self, exporter: Callable[..., Any], signal: Signal, noun: str) -> Sender:
        return Sender(exporter, self.target, self._session(signal), signal=signal, noun=noun)

    def _session(self, signal: Signal) -> OtlpSession | None:
        session = self.target.session(signal)
        if session is not None:
            self._sessions.append(session)
        return session

    def _meters(self) -> MeterProvider:
        exporter = _OfOneProcess(self._session("metrics"), **self.target.arguments("metrics"))
        reader = PeriodicExportingMetricReader(exporter)
        return MeterProvider(metric_readers=[reader], shutdown_on_exit=False)


def _milliseconds(seconds: float) -> int:
    return max(0, round(seconds * 1000))
