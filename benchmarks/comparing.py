"""The measurements of one contender, in this process: calls, streams and whole runs."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import dataclass

from benchmarks.contenders import Contender, start
from benchmarks.measuring import Measured, Sides, measure, run_block
from benchmarks.precision import Rows, is_precise
from benchmarks.response_workloads import streamed_response
from benchmarks.switching import Switch
from benchmarks.workloads import Workload, calls, streamed, whole_run

LONG_STREAM_DELTAS = 1_000
SHORT_STREAM_DELTAS = 2  # and ten events around them


@dataclass(frozen=True, slots=True)
class Effort:
    """The number of pairs of blocks to measure of each kind of workload, and of rounds in each block.

    While a margin is too wide, as many pairs are measured again, at most ``most`` times in all. ``before`` is
    for a process of ``--base``; ``processes`` is the fewest and the most of these that each tree gets.
    """

    calls: tuple[int, int] = (60, 8)
    runs: tuple[int, int] = (40, 12)
    short_streams: tuple[int, int] = (40, 5)
    long_streams: tuple[int, int] = (14, 1)
    sizes: tuple[int, int] = (40, 2)
    first_events: int = 5
    memory: tuple[int, ...] = (1, 1_000, 10_000, 100_000)
    most: int = 10
    before: tuple[int, int] = (12, 8)
    processes: tuple[int, int] = (8, 40)


THOROUGH = Effort()
QUICK = Effort((3, 1), (2, 2), (2, 1), (1, 1), (2, 1), 1, (1, 100, 1_000), 1, (1, 1), (1, 1))


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
                run_block(workload, 1, _nothing, runner)
        started: list[Contender] = []
        self._switch = Switch(lambda: started.append(start(name)))
        self._contender = started[0]
        # What exists by now stays, so the garbage collections between blocks need not scan it.
        gc.collect()
        gc.freeze()

    def measure(
        self,
        workload: Workload,
        effort: tuple[int, int],
        *,
        control: bool = False,
        most: int = 1,
        rows: Rows = lambda _measured: (),
    ) -> Measured:
        """Measure a workload; for a ``control``, with the tool on neither side of the pairs.

        Measure at most ``most`` times, until the margins of its ``rows`` are precise.
        """
        switch, contender = self._switch, self._contender
        sides = Sides(switch.off, switch.off if control else switch.on, contender.flush)
        before = contender.recorded()
        pairs, rounds = effort

        def again(measured: Measured, times: int) -> bool:
            return times < most and not is_precise(rows(measured))

        measured = measure(workload, sides, pairs=pairs, rounds=rounds, again=again)
        recorded = contender.recorded() - before
        if control and recorded:
            raise AssertionError(f"{self.name} recorded {recorded} times while it was switched off")
        if not control and not recorded:
            raise AssertionError(f"{self.name} recorded nothing of {workload.name}")
        return measured

    def recorded_per_run(self) -> float:
        """Return how many runs, or spans, the contender delivers for one run that is polled by hand."""
        self._switch.on()
        before = self._contender.recorded()
        with asyncio.Runner() as runner:
            block = run_block(whole_run(), 1, self._contender.flush, runner)
        self._switch.off()
        return (self._contender.recorded() - before) / block.rounds


def _nothing() -> None:
    """Do nothing: there is nothing to deliver yet."""
