"""Asks the collector whether it accepts spans, with an empty request of OpenTelemetry's own exporter."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.utils import suppress_instrumentation
from requests import RequestException, Response

from threadtrail.checks import no_answer
from threadtrail.errors import CheckError
from threadtrail.otlp.checking import redirect_error
from threadtrail.otlp.sending import captured_log
from threadtrail.otlp.session import OtlpSession

if TYPE_CHECKING:
    from collections.abc import Mapping

    from threadtrail.otlp.session import Answer
    from threadtrail_opentelemetry.target import Target

REFUSED = frozenset({401, 403})
NO_SUCH_PATH = frozenset({404, 405})
EXPORTER_LOGGER = logging.getLogger(OTLPSpanExporter.__module__)

HEADERS = "Correct OTEL_EXPORTER_OTLP_HEADERS (authorization=Bearer%20...), or the option headers."
OWN_HEADERS = (
    "Correct the option headers. OTEL_EXPORTER_OTLP_HEADERS are sent only to the host of "
    "OTEL_EXPORTER_OTLP_ENDPOINT."
)
WHERE = "OTEL_EXPORTER_OTLP_ENDPOINT without /v1/traces, or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT with it."


class AskedError(RequestException):
    """Keeps the exporter from sending the request again."""


class AskingOnce(OtlpSession):
    """Sends one request, and keeps the error if there is no answer."""

    def __init__(self, headers: Mapping[str, str] | None) -> None:
        super().__init__(headers)
        self.error: RequestException | None = None

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> Response:
        """Send the request; raise AskedError unless it was accepted."""
        try:
            response = super().request(method, url, *args, **kwargs)
        except RequestException as error:
            self.error = error
            raise AskedError("asked once") from None
        if self.answer is None or not self.answer.accepted:
            raise AskedError("asked once")
        return response


def ask(target: Target, timeout: float) -> str:
    """Ask the collector within ``timeout`` seconds; return a sentence that names it.

    Raises:
        CheckError: there is no answer, or the request was not accepted.
    """
    session = AskingOnce(target.own_headers("traces"))
    exporter = OTLPSpanExporter(**target.arguments("traces"), timeout=timeout, session=session)
    try:
        with captured_log(EXPORTER_LOGGER, []), suppress_instrumentation(), suppress(AskedError):
            exporter.export([])
    finally:
        exporter.shutdown()  # type: ignore[no-untyped-call]  # the SDK left it untyped
    if session.answer is not None:
        return _verdict(session.address, session.answer, own=target.is_own("traces"))
    if session.error is not None:
        raise no_answer(session.address, session.error, timeout) from session.error
    raise CheckError("Nothing was sent to the collector.", "See what the logger 'opentelemetry' logs.")


def _verdict(address: str, answer: Answer, *, own: bool) -> str:
    """Return the sentence for a collector that accepts spans; raise CheckError if it does not.

    ``own``: it is not the collector of the standard variables.
    """
    status = answer.status
    if answer.accepted:
        return f"The collector at {address} accepts spans (HTTP {status})."
    if answer.redirects:
        raise redirect_error(address, answer, backend="a collector", setting=WHERE)
    if status in REFUSED:
        raise CheckError(
            f"The collector at {address} rejects the credentials (HTTP {status}).",
            OWN_HEADERS if own else HEADERS,
        )
    if status in NO_SUCH_PATH:
        raise CheckError(
            f"{address} answers, but not as a collector would (HTTP {status}).",
            f"Set the address of a collector for OTLP over HTTP (its port is usually 4318): {WHERE}",
        )
    raise CheckError(f"The collector at {address} does not accept spans (HTTP {status}).", "See its logs.")
