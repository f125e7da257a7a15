"""Facts about runs that exporters keep until the runs end, for a bounded number of runs."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from threadtrail.delivery.sizes import size_of
from threadtrail.events import RequestFailed

if TYPE_CHECKING:
    from threadtrail.events import RunCreated, RunEnded

__all__ = ["OpenRun", "OpenRuns", "TooManyFailuresError"]

MAX_RUNS = 10_000
MAX_BYTES = 67_108_864
"""The maximum size of the kept failed requests, by ``size_of``: 64 MiB."""
MAX_FAILURES = 32
"""The maximum number of kept failed requests of one run: the first ones."""


Key = tuple[str | None, int | None, str | None]
"""A run with its server: two servers may use the same ids."""


class TooManyFailuresError(Exception):
    """A failed request is not exported: those that wait for the end of their runs take too much room."""


@dataclass(slots=True)
class OpenRun:
    """A run that has not ended yet: whether another process created it, and its failed requests."""

    from_elsewhere: bool = False
    failures: list[RequestFailed] = field(default_factory=list)
    size: int = 0


class OpenRuns:
    """The open runs by server and id; beyond ``MAX_RUNS``, the one that was added first is dropped."""

    def __init__(self) -> None:
        self._runs: OrderedDict[Key, OpenRun] = OrderedDict()
        self._bytes = 0

    def begin(self, event: RunCreated) -> None:
        """Add a run that another process created; other runs are added when a request fails."""
        if not event.observed_from_start:
            self._get(_key(event)).from_elsewhere = True

    def fail(self, event: RequestFailed) -> None:
        """Add a failed request to its run.

        Raises:
            TooManyFailuresError: there is no room for it, so it counts as lost.
        """
        run, size = self._get(_key(event)), size_of(event)
        if len(run.failures) >= MAX_FAILURES:
            return
        if self._bytes + size > MAX_BYTES:
            raise TooManyFailuresError("failed requests that wait for the end of their runs are too large")
        run.failures.append(event)
        run.size += size
        self._bytes += size

    def end(self, event: RunEnded) -> OpenRun:
        """Return what is known of the run, and drop it."""
        return self._drop(_key(event)) or OpenRun()

    def clear(self) -> None:
        """Drop all runs: in a forked child they are the parent's."""
        self._runs.clear()
        self._bytes = 0

    def _get(self, key: Key) -> OpenRun:
        run = self._runs.get(key)
        if run is None:
            run = self._runs[key] = OpenRun()
            if len(self._runs) > MAX_RUNS:
                self._drop(next(iter(self._runs)))
        return run

    def _drop(self, key: Key) -> OpenRun | None:
        run = self._runs.pop(key, None)
        if run is not None:
            self._bytes -= run.size
        return run


def _key(event: RunCreated | RequestFailed | RunEnded) -> Key:
    return event.server_address, event.server_port, event.run_id
