"""Sends an empty request to the collector, by OpenTelemetry's own exporter: whether it would take spans."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.utils import suppress_instrumentation
from requests import RequestException, Response, Session

from threadtrail.checks import no_answer, shown_address
from threadtrail.errors import CheckError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CREDENTIAL_PROVIDERS = (
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER",
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER",
)
TAKEN = range(200, 300)  # the exporter takes a redirect for a success, and follows none
REFUSED = frozenset({401, 403})
NO_SUCH_PATH = frozenset({404, 405})
EXPORTER_LOGGER = logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter")


class AskedError(RequestException):
    """Keeps the exporter from asking again: once is enough to know."""


class AskingOnce(Session):
    """Remembers what came of the request, and where it went to."""

    def __init__(self) -> None:
        super().__init__()
        self.address = ""
        self.answer: Response | None = None
        self.error: RequestException | None = None

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> Response:
        """Send the request. Raises AskedError unless it was taken."""
        self.address = shown_address(str(url))
        try:
            self.answer = super().request(method, url, *args, **{**kwargs, "allow_redirects": False})
        except RequestException as error:
            self.error = error
        if self.answer is None or self.answer.status_code not in TAKEN:
            raise AskedError("asked once")
        return self.answer


def ask(target: Mapping[str, Any], timeout: float) -> str:
    """Return a sentence that names the collector, asked within ``timeout`` seconds.

    Args:
        target: the arguments of the exporter that sends the spans; certificates and the like come from
            the standard variables, as always.
        timeout: seconds that the collector may take.

    Raises:
        CheckError: nobody answers, or what was sent is not taken.
    """
    session = AskingOnce()
    exporter = OTLPSpanExporter(**target, timeout=timeout, session=session)
    try:
        with _quiet(), suppress_instrumentation():
            exporter.export([])
    finally:
        exporter.shutdown()  # type: ignore[no-untyped-call]  # the SDK left it untyped
    if session.error is not None:
        raise no_answer(session.address, session.error, timeout) from session.error
    if session.answer is None:
        raise CheckError("Nothing was sent to the collector.", "See what the logger opentelemetry says.")
    if session.answer.status_code not in TAKEN:
        raise _refusal(session.address, session.answer.status_code)
    return f"The collector at {session.address} takes spans (HTTP {session.answer.status_code})."


def asked_otherwise() -> str | None:
    """Name the variable by which the exporter's requests are made in a way of the program's own."""
    return next((name for name in CREDENTIAL_PROVIDERS if os.environ.get(name)), None)


def _refusal(address: str, status: int) -> CheckError:
    if status in REFUSED:
        return CheckError(
            f"The collector at {address} does not take the credentials (HTTP {status}).",
            "Correct OTEL_EXPORTER_OTLP_HEADERS (authorization=Bearer%20...), or the option headers.",
        )
    if status in NO_SUCH_PATH:
        return CheckError(
            f"{address} answers, but not as a collector does (HTTP {status}).",
            "Name a collector's address for OTLP over HTTP, port 4318 as a rule: OTEL_EXPORTER_OTLP_ENDPOINT "
            "without /v1/traces, or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT with it.",
        )
    return CheckError(f"The collector at {address} takes no spans (HTTP {status}).", "See its logs.")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter from logging what is told otherwise."""

    def keep_back(_record: logging.LogRecord) -> bool:
        return False

    EXPORTER_LOGGER.addFilter(keep_back)
    try:
        yield
    finally:
        EXPORTER_LOGGER.removeFilter(keep_back)
