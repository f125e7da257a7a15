"""What exporters keep of a run until it ends, for a bounded number of runs."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from threadtrail.events import RequestFailed

if TYPE_CHECKING:
    from threadtrail.events import RunCreated

__all__ = ["OpenRun", "OpenRuns"]

MAX_RUNS = 10_000
MAX_FAILURES = 32
"""Of one run. Of a poll that fails all night, the first failures are kept."""


@dataclass(slots=True)
class OpenRun:
    """A run that has not ended yet: whether another process created it, and its failed requests."""

    from_elsewhere: bool = False
    failures: list[RequestFailed] = field(default_factory=list)


class OpenRuns:
    """The open runs by id; beyond ``MAX_RUNS``, the one that was added first is dropped."""

    def __init__(self) -> None:
        self._runs: OrderedDict[str, OpenRun] = OrderedDict()

    def begin(self, event: RunCreated) -> None:
        """Add a run that another process created; others need not be kept before they fail."""
        if not event.observed_from_start:
            self._get(event.run_id).from_elsewhere = True

    def fail(self, run_id: str, event: RequestFailed) -> None:
        """Add a failed request to its run."""
        failures = self._get(run_id).failures
        if len(failures) < MAX_FAILURES:
            failures.append(event)

    def end(self, run_id: str) -> OpenRun:
        """Return what is known of the run, and drop it."""
        return self._runs.pop(run_id, None) or OpenRun()

    def clear(self) -> None:
        """Drop all runs: in a forked child they are the parent's."""
        self._runs.clear()

    def _get(self, run_id: str) -> OpenRun:
        run = self._runs.get(run_id)
        if run is None:
            run = self._runs[run_id] = OpenRun()
            if len(self._runs) > MAX_RUNS:
                self._runs.popitem(last=False)
        return run
