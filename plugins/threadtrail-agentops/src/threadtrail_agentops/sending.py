"""Sends spans to AgentOps from the exporter's worker: gets a token, then sends, within a timeout."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.utils import suppress_instrumentation

from threadtrail.otlp.sending import BatchSender, NotDeliveredError, counted
from threadtrail_agentops.session import FIRST_TOKEN_TIMEOUT, TokenSession
from threadtrail_agentops.tokens import NoTokenError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opentelemetry.sdk.trace import ReadableSpan

    from threadtrail_agentops.options import Target

EXPORTER_LOGGER = logging.getLogger(OTLPSpanExporter.__module__)
SPANS_PER_REQUEST = 64
"""The maximum number of spans of a request. A span may hold long texts, a request some megabytes."""
FIRST_PAUSE, MAX_PAUSE, MAX_TOKEN_TIMEOUT = 0.25, 8.0, 10.0


class Sender:
    """One connection to AgentOps, opened with the first spans."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._session = TokenSession(target.api_key, target.token_url)
        exporter = OTLPSpanExporter(
            endpoint=target.exporter_endpoint,
            timeout=target.timeout,
            compression=Compression.NoCompression,
            session=self._session,
        )
        self._batches = BatchSender(exporter, self._session, logger=EXPORTER_LOGGER)
        self._inherited: TokenSession | None = None

    def send(self, spans: Sequence[ReadableSpan], *, within: float | None = None) -> None:
        """Send the spans; a token must be available ``within`` seconds (by default, the option's).

        Raises:
            NotDeliveredError: some were not accepted.
        """
        self._close_inherited()
        if not spans:
            return
        with suppress_instrumentation():  # instrumentations of HTTP clients must not trace this
            try:
                self._wait_for_token(self._target.retry_seconds if within is None else within)
            except NoTokenError as error:
                raise NotDeliveredError(f"{counted(len(spans), 'span')} not sent. {error}") from error
            lost, reason = 0, ""
            for chunk in _chunks(spans):
                if not self._batches.send(chunk):
                    lost, reason = lost + len(chunk), self._batches.reason
        if lost:
            whole = counted(len(spans), "span")
            raise NotDeliveredError(f"AgentOps did not accept {lost} of {whole}: {reason}")

    def close(self) -> None:
        """Close the connection."""
        self._batches.close()

    def after_fork(self) -> Sender:
        """Return the sender of a forked child, which shares no connection with its parent.

        The child's worker closes the parent's connection: closing needs locks that a thread of the parent
        may have held at the fork, and the thread that forks is the app's.
        """
        child = Sender(self._target)
        child._inherited = self._session
        return child

    def _close_inherited(self) -> None:
        inherited, self._inherited = self._inherited, None
        if inherited is not None:
            inherited.close()

    def _wait_for_token(self, seconds: float) -> None:
        """Fetch a token unless there is one; retry if the endpoint is slow or down."""
        deadline = time.monotonic() + seconds
        pause, timeout = FIRST_PAUSE, FIRST_TOKEN_TIMEOUT
        while True:
            left = deadline - time.monotonic()
            try:
                self._session.tokens.get(max(min(timeout, left), FIRST_PAUSE))
            except NoTokenError as error:
                if not error.temporary or deadline - time.monotonic() < pause:
                    raise
            else:
                return
            time.sleep(pause)
            pause, timeout = min(pause * 2, MAX_PAUSE), min(timeout * 2, MAX_TOKEN_TIMEOUT)


def _chunks(spans: Sequence[ReadableSpan]) -> Iterator[Sequence[ReadableSpan]]:
    for start in range(0, len(spans), SPANS_PER_REQUEST):
        yield spans[start : start + SPANS_PER_REQUEST]
