"""Sends spans to Langfuse, and counts those that did not arrive, which the SDK only logs."""

from __future__ import annotations

import base64
import logging
import os
from typing import TYPE_CHECKING, Any

import langfuse
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from threadtrail.otlp.sending import BatchSender, NotDeliveredError, counted
from threadtrail.otlp.session import OtlpSession

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from opentelemetry.sdk.trace import ReadableSpan

OTLP_LOGGER = logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter")
COMPRESSIONS = {"gzip": Compression.Gzip, "none": Compression.NoCompression}
GZIP_SINCE = 5
"""The major version of the SDK that compresses by default; servers for older ones may not expect it."""


class Sender(SpanExporter):
    """The SDK's span exporter: sends spans, and counts those that were not accepted.

    Args:
        connect: makes the sender of batches; called for the first batch.
    """

    def __init__(self, connect: Callable[[], BatchSender]) -> None:
        self._connect = connect
        self._batches: BatchSender | None = None
        self._lost = 0
        self._reason = ""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send the spans; if they are not accepted, keep the reason."""
        batches = self._batches = self._batches or self._connect()
        taken = False
        try:
            taken = batches.send(spans)
        finally:
            if not taken:
                self._lost += len(spans)
                self._reason = batches.reason
        return SpanExportResult.SUCCESS if taken else SpanExportResult.FAILURE

    def raise_if_lost(self) -> None:
        """Raise an error if something was lost since the last call.

        Raises:
            NotDeliveredError: something was lost; the message contains the reason.
        """
        lost, self._lost = self._lost, 0
        if lost:
            reason = f": {self._reason}" if self._reason else ""
            raise NotDeliveredError(f"{counted(lost, 'observation')} did not reach Langfuse{reason}")

    def shutdown(self) -> None:
        """Close the connection, if there is one."""
        if self._batches is not None and self._batches.session is not None:  # else it is the app's to close
            self._batches.close()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Nothing is held here."""
        return True


def langfuse_batches(settings: Mapping[str, Any]) -> BatchSender:
    """Return the sender for Langfuse's own endpoint; the SDK's variables configure it too.

    The SDK's own exporter would also send the headers of ``OTEL_EXPORTER_OTLP_HEADERS`` and the client
    certificate of ``OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE``, which are meant for another backend.
    """
    path = os.environ.get("LANGFUSE_OTEL_TRACES_EXPORT_PATH") or "api/public/otel/v1/traces"
    credentials = base64.b64encode(f"{settings['public_key']}:{settings['secret_key']}".encode()).decode()
    headers = {
        "Authorization": f"Basic {credentials}",
        "x-langfuse-sdk-name": "python",
        "x-langfuse-sdk-version": langfuse.__version__,
        "x-langfuse-public-key": settings["public_key"],
        # Without it, newer servers hold spans back for minutes.
        "x-langfuse-ingestion-version": "4",
        **(settings.get("additional_headers") or {}),
    }
    session = OtlpSession(headers)
    exporter = OTLPSpanExporter(
        endpoint=f"{settings['base_url']}/{path.lstrip('/')}",
        timeout=settings["timeout"],
        compression=_compression(settings.get("otel_compression")),
        session=session,
    )
    return BatchSender(exporter, session, logger=OTLP_LOGGER)


def _compression(chosen: str | None) -> Compression | None:
    """Return the compression as the SDK chooses it: by the client's argument, variables, its version."""
    variables = (
        "LANGFUSE_OTEL_COMPRESSION",
        "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
        "OTEL_EXPORTER_OTLP_COMPRESSION",
    )
    for value in (chosen, *map(os.environ.get, variables)):
        compression = COMPRESSIONS.get((value or "").strip().lower())
        if compression is not None:
            return compression
    return Compression.Gzip if int(langfuse.__version__.partition(".")[0]) >= GZIP_SINCE else None
