"""One contender beside the bare SDK, in this process."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

from benchmarks.contenders import Contender, start
from benchmarks.measuring import Measured, Sides, measure, run_rounds
from benchmarks.response_workloads import streamed_response
from benchmarks.switching import Switch
from benchmarks.workloads import calls, streamed

if TYPE_CHECKING:
    from benchmarks.workloads import Workload


class Comparison:
    """A contender beside the bare SDK.

    Everything of the SDK that the workloads need is imported before the contender starts, so that both
    sides can be switched.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        warmed = [calls(is_async=False), calls(is_async=True)]
        warmed += [streamed(1, is_async=False), streamed(1, is_async=True)]
        warmed += [streamed_response(1, is_async=False), streamed_response(1, is_async=True)]
        with asyncio.Runner() as runner:
            for workload in warmed:
                run_rounds(workload, 1, runner)
        started: list[Contender] = []
        self._switch = Switch(lambda: started.append(start(name)))
        self._contender = started[0]
        # What exists by now stays, so the garbage collections between blocks need not scan it.
        gc.collect()
        gc.freeze()

    def measure(self, workload: Workload, *, pairs: int, rounds: int, control: bool = False) -> Measured:
        """Measure a workload; for a ``control``, with the tool on neither side of the pairs."""
        switch, contender = self._switch, self._contender
        sides = Sides(switch.off, switch.off if control else switch.on, contender.flush)
        before = contender.recorded()
        measured = measure(workload, sides, pairs=pairs, rounds=rounds)
        recorded = contender.recorded() - before
        if control and recorded:
            raise AssertionError(f"{self.name} recorded {recorded} times while it was switched off")
        if not control:
            if not recorded:
                raise AssertionError(f"{self.name} recorded nothing of {workload.name}")
            measured.recorded = self._recorded_of(workload)
        return measured

    def _recorded_of(self, workload: Workload) -> int:
        """Return how many runs, or spans, the contender delivers for one round of a workload."""
        self._switch.on()
        before = self._contender.recorded()
        with asyncio.Runner() as runner:
            run_rounds(workload, 1, runner)
        self._contender.flush()
        self._switch.off()
        return self._contender.recorded() - before
