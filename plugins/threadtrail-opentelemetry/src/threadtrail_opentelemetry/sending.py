"""Sends one signal to the collector, and describes losses."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from threadtrail.otlp.sending import BatchSender, counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from threadtrail.otlp.session import OtlpSession
    from threadtrail_opentelemetry.standard_variables import Signal
    from threadtrail_opentelemetry.target import Target


class Sender:
    """Sends one signal to the collector.

    Args:
        exporter: the class of the OTLP exporter that sends.
        target: the collector.
        session: the session of the exporter; ``None`` if the app has its own.
        signal: the signal.
        noun: the signal's unit, in the singular.
    """

    def __init__(
        self,
        exporter: Callable[..., Any],
        target: Target,
        session: OtlpSession | None,
        *,
        signal: Signal,
        noun: str,
    ) -> None:
        self._batches = BatchSender(
            exporter(**target.arguments(signal), session=session),
            session,
            logger=logging.getLogger(exporter.__module__),
        )
        self._noun = noun

    def send(self, batch: Sequence[Any]) -> str:
        """Send the batch; return what was lost and why, or an empty text if all was accepted."""
        if not batch or self._batches.send(batch):
            return ""
        count, reason = counted(len(batch), self._noun), self._batches.reason
        return f"{count} ({reason})" if reason else count

    def close(self) -> None:
        """Close the connection."""
        self._batches.close()
