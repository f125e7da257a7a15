"""`OtlpReceiver`: a backend on loopback that takes OTLP over HTTP, and what it decodes as plain values.

Needs ``opentelemetry-proto``, which comes with every OTLP exporter of OpenTelemetry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.testing.http_receiver import HttpReceiver

try:
    from threadtrail.testing._otlp_values import (
        ReceivedEvent,
        ReceivedLogRecord,
        ReceivedPoint,
        ReceivedSpan,
        log_records_in,
        metrics_in,
        spans_in,
    )
except ModuleNotFoundError as _error:
    raise ImportError(
        f"threadtrail.testing.otlp needs the module {_error.name!r}, which is not installed. "
        "Install it with: pip install opentelemetry-proto",
        name=_error.name,
    ) from _error

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "OtlpReceiver",
    "ReceivedEvent",
    "ReceivedLogRecord",
    "ReceivedPoint",
    "ReceivedSpan",
    "spans_in",
]


class OtlpReceiver(HttpReceiver):
    """An `HttpReceiver` that decodes spans, metrics and log records of the requests that it accepted.

    Example:
        with OtlpReceiver() as backend:
            exporter = MyExporter(endpoint=backend.url)
            ...
            assert backend.span("chat gpt-4o").attributes["gen_ai.usage.input_tokens"] == 64

    The end of a request's path says what it has: ``/v1/traces``, ``/v1/metrics`` or ``/v1/logs``.
    """

    @property
    def spans(self) -> list[ReceivedSpan]:
        """All spans, by their start; of those that start at once, the longest first."""
        found = [span for body in self._bodies("/v1/traces") for span in spans_in(body)]
        return sorted(found, key=lambda span: (span.start, -span.end))

    def span(self, name: str) -> ReceivedSpan:
        """Return the one span of this name.

        Raises:
            AssertionError: there is none, or more than one.
        """
        found = self.named(name)
        if len(found) != 1:
            received = [span.name for span in self.spans]
            raise AssertionError(f"expected one span {name!r}; received were: {received}")
        return found[0]

    def named(self, name: str) -> list[ReceivedSpan]:
        """Return the spans of this name."""
        return [span for span in self.spans if span.name == name]

    def starting_with(self, prefix: str) -> list[ReceivedSpan]:
        """Return the spans whose name starts with ``prefix``."""
        return [span for span in self.spans if span.name.startswith(prefix)]

    def wait_for_spans(self, count: int, timeout: float = 120.0) -> list[ReceivedSpan]:
        """Return the spans once there are ``count`` or more; TimeoutError if there are not."""
        self.wait_for(lambda: len(self.spans) >= count, timeout)
        return self.spans

    @property
    def log_records(self) -> list[ReceivedLogRecord]:
        """All log records, in the order in which they came."""
        return [record for body in self._bodies("/v1/logs") for record in log_records_in(body)]

    @property
    def metrics(self) -> dict[str, list[ReceivedPoint]]:
        """The newest data points of each metric."""
        return {
            name: points for body in self._bodies("/v1/metrics") for name, points in metrics_in(body).items()
        }

    def metric_history(self, name: str) -> list[list[ReceivedPoint]]:
        """Return the data points of a metric, request after request."""
        found = [metrics_in(body) for body in self._bodies("/v1/metrics")]
        return [metrics[name] for metrics in found if name in metrics]

    def _bodies(self, ending: str) -> Iterable[bytes]:
        for request in list(self.requests):
            if request.accepted and request.path.partition("?")[0].endswith(ending):
                yield request.body
