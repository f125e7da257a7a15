"""How much is measured: thoroughly, or quickly to see that the benchmark works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """The number of pairs of blocks that a process measures, and of rounds in each block.

    ``processes`` is the fewest and the most processes that measure a workload; whole runs, which the README
    quotes, and a change since a commit are measured in more. ``first_events`` is how many measure the first
    events, and ``memory`` the numbers of runs for which memory is measured.
    """

    calls: tuple[int, int] = (24, 8)
    runs: tuple[int, int] = (8, 36)
    short_streams: tuple[int, int] = (12, 12)
    long_streams: tuple[int, int] = (6, 1)
    processes: tuple[int, int] = (6, 8)
    processes_of_runs: tuple[int, int] = (8, 14)
    processes_of_change: tuple[int, int] = (8, 40)
    first_events: int = 5
    memory: tuple[int, ...] = (1, 1_000, 10_000, 100_000)

    def of(self, workload: str) -> tuple[int, int]:
        """Return the pairs and the rounds for a workload."""
        kinds = {"runs": self.runs, "long": self.long_streams, "short": self.short_streams}
        return kinds.get(workload.partition(" ")[0], self.calls)

    def processes_for(self, workload: str) -> tuple[int, int]:
        """Return the fewest and the most processes for a workload."""
        return self.processes_of_runs if workload == "runs" else self.processes


THOROUGH = Effort()
ONCE = (1, 1)
QUICK = Effort(ONCE, ONCE, ONCE, ONCE, ONCE, ONCE, ONCE, 1, (1, 100, 1_000))
