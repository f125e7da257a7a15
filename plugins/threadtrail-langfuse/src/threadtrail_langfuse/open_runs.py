"""Requests about a run that failed before it ended: kept until then, of a bounded number of runs."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadtrail.events import RequestFailed

RUNS_AT_MOST = 10_000
FAILURES_AT_MOST = 32
"""Of one run: a poll that fails all night is told by its first failures."""


class OpenRuns:
    """The failures by run; beyond the limit, the run that failed longest ago is forgotten."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, list[RequestFailed]] = OrderedDict()

    def fail(self, run_id: str, event: RequestFailed) -> None:
        """A request about the run failed."""
        failures = self._failures.setdefault(run_id, [])
        if len(failures) < FAILURES_AT_MOST:
            failures.append(event)
        if len(self._failures) > RUNS_AT_MOST:
            self._failures.popitem(last=False)

    def end(self, run_id: str) -> list[RequestFailed]:
        """Return the run's failures, and forget them."""
        return self._failures.pop(run_id, [])

    def forget(self) -> None:
        """Drop all: in a forked child, since the runs are the parent's."""
        self._failures.clear()
