"""The exporters that are watched, and what the process uses."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadtrail_opentelemetry import OpenTelemetryExporter

from threadtrail import hookimpl
from threadtrail.events import RunCreated, RunEnded
from threadtrail.otlp.session import OtlpSession
from threadtrail.testing import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from soak.backend import Backend
    from threadtrail.events import Event

MEBIBYTE = 2**20


class Sending(OpenTelemetryExporter):
    """The exporter under test; counts the runs of the batches that the backend took."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(endpoint=endpoint)
        self.runs_sent = 0

    @hookimpl
    def export(self, events: Sequence[Event], contexts: Sequence[object]) -> None:
        """Send; count if that did not raise."""
        super().export(events, contexts)
        self.runs_sent += sum(isinstance(event, RunEnded) for event in events)


class Counting:
    """Counts all that is published."""

    def __init__(self) -> None:
        self.events = 0
        self.created: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()

    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        """Count."""
        self.events += len(events)
        self.created.update(event.run_id for event in events if isinstance(event, RunCreated))
        self.ended.update(event.run.id for event in events if isinstance(event, RunEnded))


class Patience:
    """How long a request waits for its answer: a second where the backend hangs, else as long as it takes.

    ``OTEL_EXPORTER_OTLP_TIMEOUT`` alone is for all of them: on a busy machine, an answer takes longer.
    """

    HANGING_SECONDS, BUSY_SECONDS = 1.0, 120.0

    def __init__(self, backend: Backend) -> None:
        session_class: Any = OtlpSession  # for the whole process
        send = session_class.send_request

        def send_request(session: OtlpSession, *args: Any, **kwargs: Any) -> Any:
            seconds = self.HANGING_SECONDS if backend.mode == "hangs" else self.BUSY_SECONDS
            return send(session, *args, **{**kwargs, "timeout": seconds})

        session_class.send_request = send_request


def at_rest(count: Callable[[], int], wanted: int | None) -> int:
    """Return a count once it is not above ``wanted``, or what it is in the end: some threads end later."""
    if wanted is not None:
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: count() <= wanted)
    return count()


def mebibytes() -> float:
    """Return the resident memory of this process, in mebibytes."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MEBIBYTE


def descriptors() -> int:
    """Return the number of open files and sockets."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are all that is wanted


def threads() -> int:
    """Return the number of threads."""
    return threading.active_count()
