"""Sends spans to Langfuse, and knows afterwards whether they arrived: the SDK alone only logs it."""

from __future__ import annotations

import base64
import logging
import os
from typing import TYPE_CHECKING, Any

import langfuse
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from requests import RequestException

from threadtrail.kept_log import kept_from_log
from threadtrail_langfuse.session import LangfuseSession

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from opentelemetry.sdk.trace import ReadableSpan

OTLP_LOGGER = logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter")
COMPRESSIONS = {"gzip": Compression.Gzip, "none": Compression.NoCompression}
GZIP_SINCE = 5
"""The SDK's major version that compresses unless told otherwise; servers for older ones may not expect it."""


class NotDeliveredError(Exception):
    """Langfuse did not take what was sent to it."""


class Sender(SpanExporter):
    """Passes spans on, and counts those that were not taken.

    Args:
        connect: makes the exporter that sends; called when there is first something to send.
    """

    def __init__(self, connect: Callable[[], SpanExporter]) -> None:
        self._connect = connect
        self._exporter: SpanExporter | None = None
        self._lost = 0
        self._reason = ""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send the spans; what keeps them from arriving is remembered, not logged by the way."""
        exporter = self._exporter = self._exporter or self._connect()
        said: list[str] = []
        result = SpanExportResult.FAILURE
        try:
            with kept_from_log(OTLP_LOGGER, said):
                result = exporter.export(spans)
        except RequestException as error:  # some releases of the OTLP exporter pass it on
            said.append(type(error).__name__)
        finally:
            if result is not SpanExportResult.SUCCESS:
                self._lost += len(spans)
                self._reason = _outcome(exporter) or _in_short(said)
        return result

    def raise_if_lost(self) -> None:
        """Tell what was lost since the last call.

        Raises:
            NotDeliveredError: something was; the message says why, in the words of what sends.
        """
        lost, self._lost = self._lost, 0
        if lost:
            reason = f": {self._reason}" if self._reason else ""
            noun = "observation" if lost == 1 else "observations"
            raise NotDeliveredError(f"{lost} {noun} did not reach Langfuse{reason}")

    def shutdown(self) -> None:
        """Close the connection, if there is one."""
        if isinstance(self._exporter, ToLangfuse):  # another one is the app's own to close
            self._exporter.shutdown()  # type: ignore[no-untyped-call,unused-ignore]  # untyped in some versions

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Nothing is held here."""
        return True


class ToLangfuse(OTLPSpanExporter):
    """The OTLP exporter, on a session that knows what came of its requests."""

    def __init__(self, *, headers: Mapping[str, str], **options: Any) -> None:
        self.connection = LangfuseSession(headers)
        super().__init__(headers=dict(headers), session=self.connection, **options)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send the spans."""
        self.connection.outcome = ""
        return super().export(spans)


def langfuse_exporter(settings: Mapping[str, Any]) -> SpanExporter:
    """What sends to Langfuse's own endpoint; the SDK's variables are heeded.

    Made here and not by the SDK, which would send along what ``OTEL_EXPORTER_OTLP_HEADERS`` says: the
    key of another vendor, most likely.
    """
    path = os.environ.get("LANGFUSE_OTEL_TRACES_EXPORT_PATH") or "api/public/otel/v1/traces"
    credentials = base64.b64encode(f"{settings['public_key']}:{settings['secret_key']}".encode()).decode()
    headers = {
        "Authorization": f"Basic {credentials}",
        "x-langfuse-sdk-name": "python",
        "x-langfuse-sdk-version": langfuse.__version__,
        "x-langfuse-public-key": settings["public_key"],
        # Without it, servers that know it hold spans back for minutes.
        "x-langfuse-ingestion-version": "4",
        **(settings.get("additional_headers") or {}),
    }
    return ToLangfuse(
        endpoint=f"{settings['base_url']}/{path.lstrip('/')}",
        headers=headers,
        timeout=settings.get("timeout") or int(os.environ.get("LANGFUSE_TIMEOUT") or 5),
        compression=_compression(settings.get("otel_compression")),
    )


def _outcome(exporter: SpanExporter) -> str:
    """What Langfuse answered, as far as that is known; nothing for an exporter of the app's own."""
    return exporter.connection.outcome if isinstance(exporter, ToLangfuse) else ""


def _in_short(said: Sequence[str]) -> str:
    """What went wrong first, and how it ended: in between are retries."""
    return " ".join(dict.fromkeys([*said[:1], *said[-1:]]))


def _compression(chosen: str | None) -> Compression | None:
    """As the SDK decides it: the client's argument, the variables, then by the SDK's version."""
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
