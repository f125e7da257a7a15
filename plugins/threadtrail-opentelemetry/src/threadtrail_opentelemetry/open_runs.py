"""What is told of a run before its end, and not again with it: kept until then, for a bounded number."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from threadtrail.events import RequestFailed

if TYPE_CHECKING:
    from threadtrail.events import RunCreated

RUNS_AT_MOST = 10_000
FAILURES_AT_MOST = 32
"""Of one run: a poll that fails all night is told by its first failures."""


@dataclass(slots=True)
class OpenRun:
    """A run that has not ended yet."""

    from_elsewhere: bool = False
    failures: list[RequestFailed] = field(default_factory=list)


class OpenRuns:
    """The open runs by id; beyond the limit, the one begun longest ago is forgotten."""

    def __init__(self) -> None:
        self._runs: OrderedDict[str, OpenRun] = OrderedDict()

    def begin(self, event: RunCreated) -> None:
        """A run began, here or elsewhere."""
        if not event.observed_from_start:
            self._get(event.run_id).from_elsewhere = True

    def fail(self, run_id: str, event: RequestFailed) -> None:
        """A request about the run failed."""
        failures = self._get(run_id).failures
        if len(failures) < FAILURES_AT_MOST:
            failures.append(event)

    def end(self, run_id: str) -> OpenRun:
        """Return what is known of the run, and forget it."""
        return self._runs.pop(run_id, None) or OpenRun()

    def forget(self) -> None:
        """Drop all: in a forked child, since the runs are the parent's."""
        self._runs.clear()

    def _get(self, run_id: str) -> OpenRun:
        run = self._runs.get(run_id)
        if run is None:
            run = self._runs[run_id] = OpenRun()
            if len(self._runs) > RUNS_AT_MOST:
                self._runs.popitem(last=False)
        return run
