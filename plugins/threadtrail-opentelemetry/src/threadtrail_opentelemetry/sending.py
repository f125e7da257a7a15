"""Sends batches by an OTLP exporter, and tells what became of each."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from requests import RequestException

from threadtrail.kept_log import kept_from_log
from threadtrail_opentelemetry.session import session_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from threadtrail_opentelemetry.standard_variables import Signal


class Sender:
    """One signal's way to the collector.

    Args:
        exporter: the class of the OTLP exporter that sends.
        target: its arguments.
        noun: what it sends, in the singular.
    """

    def __init__(
        self, exporter: Callable[..., Any], target: Mapping[str, Any], *, signal: Signal, noun: str
    ) -> None:
        self._session = session_for(signal)
        self._exporter = exporter(**target, session=self._session)
        self._logger = logging.getLogger(exporter.__module__)
        self._noun = noun

    def send(self, batch: Sequence[Any]) -> str:
        """Send them; return what was lost and why, or nothing if all was taken."""
        if not batch:
            return ""
        if self._session is not None:
            self._session.forget()
        said: list[str] = []
        try:
            with kept_from_log(self._logger, said):
                if self._exporter.export(batch).name == "SUCCESS":
                    return ""
        except RequestException as error:  # some releases of the OTLP exporter pass it on
            said.append(type(error).__name__)
        count = f"{len(batch)} {self._noun}{'' if len(batch) == 1 else 's'}"
        reason = self._session.outcome if self._session is not None else ""
        # Where no answer is known, the exporter's own words: what went wrong first, and how it ended.
        reason = reason or " ".join(dict.fromkeys([*said[:1], *said[-1:]]))
        return f"{count} ({reason})" if reason else count

    def close(self) -> None:
        """Close the connection."""
        self._exporter.shutdown()
