"""Chooses the providers: those passed in, the app's global ones, else private ones. Sets no global one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opentelemetry import _logs, metrics, trace
from opentelemetry._logs import LoggerProvider, NoOpLoggerProvider
from opentelemetry.metrics import MeterProvider, NoOpMeterProvider
from opentelemetry.trace import NoOpTracer, NoOpTracerProvider, ProxyTracerProvider, TracerProvider

from threadtrail.errors import ConfigurationError
from threadtrail.otlp.provider import sdk_switched_off
from threadtrail_opentelemetry import standard_variables
from threadtrail_opentelemetry.addresses import is_address, no_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail_opentelemetry.private_providers import (  # noqa: TC004 - it loads the OTLP exporters
        PrivateProviders,
    )
    from threadtrail_opentelemetry.standard_variables import Signal

NOWHERE = (
    "exporter 'opentelemetry': there is nowhere to send spans to. Set up OpenTelemetry before "
    "threadtrail.instrument() (opentelemetry.trace.set_tracer_provider), or pass tracer_provider=..., "
    'or set a collector: OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318, or endpoint="http://localhost:4318".'
)

NO_SPANS = "the program's tracer provider makes no spans"

METERS_THAT_DO_NOTHING = {"NoOpMeter", "_ProxyMeter"}
"""The classes of meters of a provider that is switched off, or that was never set."""


@dataclass(frozen=True, slots=True)
class Providers:
    """The destinations of spans, metrics and events; ``private`` is set if they are the exporter's own."""

    tracer: TracerProvider
    meter: MeterProvider
    logger: LoggerProvider
    private: PrivateProviders | None = None

    @property
    def switched_off(self) -> str | None:
        """Why neither spans nor metrics are made; ``None`` if some are."""
        tracer, meter = self.tracer.get_tracer(__name__), self.meter.get_meter(__name__)
        if not isinstance(tracer, NoOpTracer) or type(meter).__name__ not in METERS_THAT_DO_NOTHING:
            return None
        return sdk_switched_off() or standard_variables.why_switched_off("traces") or NO_SPANS

    @property
    def keeps_events(self) -> bool:
        """Whether log records have a destination: only providers that can flush send them."""
        return hasattr(self.logger, "force_flush")

    def flush(self, timeout: float) -> bool:
        """Deliver everything; return False if a provider reports that it could not."""
        if self.private is not None:
            return self.private.flush(timeout)
        # The API has no `force_flush`, the SDK's providers have; a proxy has nothing to flush.
        given: tuple[Any, ...] = (self.tracer, self.meter, self.logger)
        flushes = [flush for provider in given if (flush := getattr(provider, "force_flush", None))]
        return all([flush(max(0, round(timeout * 1000))) is not False for flush in flushes])  # noqa: C419 - each is flushed, whatever the one before returned

    def check(self, timeout: float) -> str | None:
        """Ask the exporter's own collector whether it accepts spans; a provider of the app is not asked.

        Raises:
            CheckError: it does not answer, or does not accept them.
        """
        if self.private is not None:
            return self.private.check(timeout)
        if isinstance(self.tracer, NoOpTracerProvider):
            return None
        return f"Spans go to {self.destination}, which sends them by itself."

    @property
    def destination(self) -> str:
        """The hosts of the exporter's own providers, or the app's provider."""
        if self.private is not None:
            return self.private.hosts()
        if isinstance(self.tracer, NoOpTracerProvider):
            return "nowhere, since OpenTelemetry is switched off"
        return f"the program's own provider ({type(self.tracer).__name__})"


@dataclass(frozen=True, slots=True)
class Given:
    """Providers and endpoint as the user passed them."""

    tracer_provider: TracerProvider | None = None
    meter_provider: MeterProvider | None = None
    logger_provider: LoggerProvider | None = None
    endpoint: str | None = None
    headers: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        if self.endpoint is not None and self.tracer_provider is not None:
            raise ConfigurationError(
                "endpoint and tracer_provider: give only one of them; a provider has an endpoint of its own"
            )
        if self.headers is not None and self.endpoint is None:
            raise ConfigurationError("headers: they are sent to endpoint, which is not set. Set endpoint too")
        if self.endpoint is not None and not is_address(self.endpoint):
            raise ConfigurationError(no_address("endpoint", self.endpoint))
        if self.endpoint is not None and "/v1/" in self.endpoint:
            raise ConfigurationError(
                f"endpoint={self.endpoint!r}: leave out /v1/traces; the exporter adds it for spans, and "
                "/v1/metrics for metrics"
            )


def resolve(given: Given, *, events: bool) -> Providers:
    """Return the providers to use, by the first rule that applies.

    The rules: passed in; ``endpoint``; the global tracer provider; the standard endpoint variables.

    Args:
        given: the providers and the endpoint that the user passed.
        events: whether content goes into log records.

    Raises:
        ConfigurationError: no rule applies, or the variables ask for something that is not supported.
    """
    if given.tracer_provider is not None:
        return _around(given.tracer_provider, given)
    if given.endpoint is not None:
        standard_variables.check_timeouts(_sent(given, events=events))
        return _private(given)
    ambient = trace.get_tracer_provider()
    if not isinstance(ambient, ProxyTracerProvider):
        return _around(ambient, given)
    if sdk_switched_off() is not None or standard_variables.switched_off("traces"):
        return Providers(NoOpTracerProvider(), NoOpMeterProvider(), NoOpLoggerProvider())
    if not standard_variables.names_collector("traces"):
        raise ConfigurationError(NOWHERE)
    standard_variables.check(_sent(given, events=events))
    return _private(given)


def _sent(given: Given, *, events: bool) -> Iterator[Signal]:
    """Yield the signals that the exporter's own providers send."""
    yield "traces"
    if _metrics_go_out(given):
        yield "metrics"
    if events and _logs_go_out(given):
        yield "logs"


def _around(tracer_provider: TracerProvider, given: Given) -> Providers:
    """Return the user's own providers; a signal without one has the global one, even if none is set."""
    return Providers(
        tracer_provider,
        given.meter_provider or metrics.get_meter_provider(),
        given.logger_provider or _logs.get_logger_provider(),
    )


def _private(given: Given) -> Providers:
    from threadtrail_opentelemetry import private_providers  # noqa: PLC0415 - it loads the OTLP exporters
    from threadtrail_opentelemetry.target import Target  # noqa: PLC0415 - the same

    private = private_providers.PrivateProviders(
        Target(given.endpoint, given.headers),
        metrics=_metrics_go_out(given),
        logs=_logs_go_out(given),
    )
    return with_private(private, given)


def with_private(private: PrivateProviders, given: Given) -> Providers:
    """Return the exporter's own providers, except for those that the user passed."""
    return Providers(
        private.tracer_provider,
        given.meter_provider or private.meter_provider or NoOpMeterProvider(),
        given.logger_provider or private.logger_provider or NoOpLoggerProvider(),
        private,
    )


def _metrics_go_out(given: Given) -> bool:
    return given.meter_provider is None and _goes_out("metrics", given)


def _logs_go_out(given: Given) -> bool:
    return given.logger_provider is None and _goes_out("logs", given)


def _goes_out(signal: Signal, given: Given) -> bool:
    """Return whether a collector is set for this signal, and the signal is not switched off."""
    named = given.endpoint is not None or standard_variables.names_collector(signal)
    return named and not standard_variables.switched_off(signal)
