"""Starts threadtrail as OpenTelemetry does: ``opentelemetry-instrument``, or ``ThreadtrailInstrumentor``."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.instrumentation.instrumentor import (  # type: ignore[attr-defined]  # the module is marked as untyped
    BaseInstrumentor,
)

import threadtrail
from threadtrail_opentelemetry.exporter import OpenTelemetryExporter

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["ThreadtrailInstrumentor"]

OPTIONS = frozenset(inspect.signature(OpenTelemetryExporter).parameters)


class ThreadtrailInstrumentor(BaseInstrumentor):  # type: ignore[misc]  # untyped, as above
    """Traces the Assistants calls of the ``openai`` SDK.

        ThreadtrailInstrumentor().instrument()
        ThreadtrailInstrumentor().instrument(tracer_provider=provider, usage="steps", settle_seconds=0.5)

    Takes the options of ``OpenTelemetryExporter`` and the settings of ``threadtrail.instrument()``. As
    with every instrumentor, a global tracer provider may still be set later.
    """

    _instrumentation: threadtrail.Instrumentation | None = None

    def instrumentation_dependencies(self) -> Collection[str]:
        """Return what is instrumented."""
        return ("openai >= 1.21.0",)

    def _instrument(self, **kwargs: Any) -> None:
        options = {name: value for name, value in kwargs.items() if name in OPTIONS}
        settings = {name: value for name, value in kwargs.items() if name not in OPTIONS}
        if options.get("tracer_provider") is None and options.get("endpoint") is None:
            options["tracer_provider"] = trace.get_tracer_provider()
        given = {name: value for name, value in options.items() if value is not None}
        self._instrumentation = threadtrail.instrument(exporters={"opentelemetry": given}, **settings)

    def _uninstrument(self, **_kwargs: Any) -> None:
        if self._instrumentation is not None:
            self._instrumentation.uninstrument()
            self._instrumentation = None
