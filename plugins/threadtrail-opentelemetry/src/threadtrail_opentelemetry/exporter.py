"""The exporter: sends events as spans and metrics."""

from __future__ import annotations

import logging
from collections.abc import Mapping  # noqa: TC003 - the core reads the types of options
from typing import TYPE_CHECKING, Final

from opentelemetry import context as otel_context
from opentelemetry._logs import LoggerProvider  # noqa: TC002 - as above
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.metrics import MeterProvider  # noqa: TC002 - as above
from opentelemetry.trace import TracerProvider  # noqa: TC002 - as above

from threadtrail.exporters.each_event import each
from threadtrail.hookspecs import hookimpl
from threadtrail.otlp.context import as_context
from threadtrail_opentelemetry.content_capture import chosen_capture
from threadtrail_opentelemetry.options import (
    BackgroundSpans,
    ContentFormat,
    FromElsewhere,
    Options,
    Profile,
    UsageOn,
)
from threadtrail_opentelemetry.pipeline import Pipeline
from threadtrail_opentelemetry.providers import Given, resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.config.settings import Settings
    from threadtrail.events import Event

__all__ = ["OpenTelemetryExporter"]


logger: logging.Logger = logging.getLogger("threadtrail.opentelemetry")


class _Suppressed:
    """The context of an app that has suppressed telemetry."""


SUPPRESSED: Final = _Suppressed()


class OpenTelemetryExporter:
    """Sends each run as one tree of OpenTelemetry spans, with metrics, by the GenAI conventions.

    Args:
        tracer_provider: the destination of spans; by default the global one, else a private one (see
            ``endpoint``).
        meter_provider: the destination of metrics; by default the global one, or the private one.
        logger_provider: the destination of content events; by default the global one, or the private one.
        endpoint: a collector's address for OTLP over HTTP, without ``/v1/traces``. By default the
            standard ``OTEL_EXPORTER_OTLP_…`` variables, if there is no global tracer provider.
        headers: headers to send to ``endpoint``.
        usage: which spans carry tokens: ``"steps"`` (the ``chat`` spans), ``"run"`` or ``"both"``.
        message_content: ``"NO_CONTENT"``, ``"SPAN_ONLY"``, ``"EVENT_ONLY"`` or ``"SPAN_AND_EVENT"``; by
            default ``OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT``, else nothing.
        content_format: ``"json"`` text on spans, or ``"structured"``.
        profile: which metric names are used for tokens, ``"core-1.41"`` or ``"genai-2026-10"``.
        runs_from_elsewhere: ``"child"`` or ``"link"``: how a run of another process refers to the span that
            created it, if its metadata has ``threadtrail.carrier()`` or another W3C ``traceparent``.
        thread_spans: whether creating threads and messages makes spans.
        background_spans: ``"run"``, one ``chat`` for a background response until its end; or
            ``"conventions"``, as in the draft: ``chat`` for its creation and ``fetch_response``
            at its end, both without tokens.

    Raises:
        ConfigurationError: an argument is not valid, or (from ``start``) there is no destination.
    """

    harmless_options: frozenset[str] = frozenset(
        {"usage", "content_format", "profile", "runs_from_elsewhere", "thread_spans", "background_spans"}
    )

    def __init__(  # noqa: PLR0913 - an exporter's options are the parameters of what builds it
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        logger_provider: LoggerProvider | None = None,
        endpoint: str | None = None,
        headers: Mapping[str, str] | None = None,
        usage: UsageOn = "steps",
        message_content: str | None = None,
        content_format: ContentFormat = "json",
        profile: Profile = "core-1.41",
        runs_from_elsewhere: FromElsewhere = "child",
        thread_spans: bool = False,
        background_spans: BackgroundSpans = "run",
    ) -> None:
        self._given = Given(tracer_provider, meter_provider, logger_provider, endpoint, headers)
        self._options = Options(
            usage=usage,
            content_format=content_format,
            profile=profile,
            runs_from_elsewhere=runs_from_elsewhere,
            thread_spans=thread_spans,
            background_spans=background_spans,
        )
        self._message_content = message_content
        self._pipeline: Pipeline | None = None
        chosen_capture(message_content or "NO_CONTENT", capture_content=True)  # checks the value

    @hookimpl
    def start(self, settings: Settings) -> str | None:
        """Find the providers to use; open no connection. Return why they make nothing, if so.

        Raises:
            ConfigurationError: there are none and no collector is set, or its address is not valid.
        """
        capture = chosen_capture(self._message_content, capture_content=settings.capture_content)
        providers = resolve(self._given, events=capture.in_events)
        switched_off = providers.switched_off
        if capture.in_events and not providers.keeps_events and switched_off is None:
            logger.warning(
                "exporter 'opentelemetry': message content is sent in events, but there is no logger "
                "provider to send them. Set one (opentelemetry._logs.set_logger_provider), or pass "
                "logger_provider=..."
            )
        self._pipeline = Pipeline(providers, self._given, self._options, capture)
        return switched_off

    @hookimpl
    def destination(self) -> str | None:
        """Return the collector's host, or the provider that sends."""
        return None if self._pipeline is None else self._pipeline.destination

    @hookimpl
    def capture_context(self) -> object:
        """Return the current OpenTelemetry context (active span, baggage), or ``None`` if it is empty."""
        if not is_instrumentation_enabled():
            return SUPPRESSED
        return otel_context.get_current() or None

    @hookimpl
    def export(self, events: Sequence[Event], contexts: Sequence[object]) -> None:
        """Send these events as spans and metrics; events of other classes are ignored.

        Raises:
            NotDeliveredError: a private provider's collector did not accept them.
            EventsLostError: some could not be made spans; the others were sent.
        """
        pipeline = self._pipeline
        if pipeline is None:
            return
        pairs = [pair for pair in zip(events, contexts, strict=True) if pair[1] is not SUPPRESSED]
        _, lost = each(pairs, lambda pair: pipeline.emit(pair[0], as_context(pair[1])))
        pipeline.send()
        if lost is not None:
            raise lost

    @hookimpl
    def flush(self, timeout: float) -> bool:
        """Have the providers deliver the events that they hold; return False if one could not."""
        return self._pipeline is None or self._pipeline.flush(timeout)

    @hookimpl
    def shutdown(self, timeout: float) -> None:
        """Deliver the rest. Closes private providers; the app closes its own."""
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.shutdown(timeout)

    @hookimpl
    def check(self, timeout: float) -> str | None:
        """Send an empty request to the collector; a provider of the app's own is not asked.

        Raises:
            CheckError: the collector does not answer, or does not accept spans.
        """
        return None if self._pipeline is None else self._pipeline.check(timeout)

    @hookimpl
    def after_fork(self) -> None:
        """Leave open spans and connections to the parent process."""
        if self._pipeline is not None:
            self._pipeline = self._pipeline.after_fork()
