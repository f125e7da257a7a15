"""Sends batches by an OTLP exporter, and describes why one was not delivered."""

from __future__ import annotations

import threading
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from requests import RequestException

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Sequence

    from threadtrail.otlp.session import OtlpSession

__all__ = ["BatchSender", "NotDeliveredError", "captured_log", "counted"]


class NotDeliveredError(Exception):
    """The backend did not accept a batch, which is lost."""


class BatchSender:
    """Sends batches by one OTLP exporter.

    Args:
        exporter: the exporter, whose ``export(batch)`` returns an enum with ``SUCCESS``.
        session: the exporter's session, if it is an ``OtlpSession``.
        logger: the exporter's logger. Its messages about a batch are kept out of the log, since
            ``reason`` reports a lost batch. ``None`` leaves them in the log.
    """

    def __init__(
        self, exporter: Any, session: OtlpSession | None = None, *, logger: logging.Logger | None = None
    ) -> None:
        self.session = session
        self._exporter = exporter
        self._logger = logger
        self._messages: list[str] = []

    def send(self, batch: Sequence[Any]) -> bool:
        """Send the batch; return whether the backend accepted it. If not, ``reason`` describes why."""
        if self.session is not None:
            self.session.forget()
        self._messages = []
        capturing = nullcontext() if self._logger is None else captured_log(self._logger, self._messages)
        try:
            with capturing:
                result = self._exporter.export(batch)
        except RequestException as error:  # some releases of the OTLP exporter raise it
            self._messages.append(type(error).__name__)
            return False
        return getattr(result, "name", None) == "SUCCESS"

    @property
    def reason(self) -> str:
        """Why the last batch was not accepted; empty if that is not known.

        It is the backend's answer; without one, what the exporter logged first and last (retries are in
        between).
        """
        answer = self.session.outcome if self.session is not None else ""
        return answer or " ".join(dict.fromkeys([*self._messages[:1], *self._messages[-1:]]))

    def close(self) -> None:
        """Close the exporter and its connection."""
        self._exporter.shutdown()


@contextmanager
def captured_log(logger: logging.Logger, messages: list[str]) -> Iterator[None]:
    """Keep this thread's messages to ``logger`` out of the log, and append them to ``messages``."""
    thread = threading.get_ident()

    def capture(record: logging.LogRecord) -> bool:
        if record.thread != thread:
            return True
        messages.append(record.getMessage())
        return False

    logger.addFilter(capture)
    try:
        yield
    finally:
        logger.removeFilter(capture)


def counted(number: int, noun: str) -> str:
    """Return ``1 span``, ``2 spans``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
