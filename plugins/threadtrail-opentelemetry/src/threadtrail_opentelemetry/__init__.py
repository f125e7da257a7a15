"""Sends each run of an OpenAI assistant as OpenTelemetry spans and metrics, by the GenAI conventions.

    threadtrail.instrument(exporters=["opentelemetry"])

or, the OpenTelemetry way, ``ThreadtrailInstrumentor().instrument()`` from
``threadtrail_opentelemetry.instrumentor``.
"""

from threadtrail_opentelemetry.exporter import OpenTelemetryExporter

__all__ = ["OpenTelemetryExporter"]
