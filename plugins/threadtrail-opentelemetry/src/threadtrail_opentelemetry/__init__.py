"""Sends each OpenAI response, tool loop and run of an assistant as OpenTelemetry spans and metrics.

    threadtrail.instrument(exporters=["opentelemetry"])

or, the OpenTelemetry way, ``ThreadtrailInstrumentor().instrument()`` from
``threadtrail_opentelemetry.instrumentor``.
"""

from threadtrail_opentelemetry.exporter import OpenTelemetryExporter

__all__ = ["OpenTelemetryExporter"]
