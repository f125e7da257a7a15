"""Puts an app under load while its backend fails in every way, to see whether any loss is not counted.

    PYTHONPATH=tools:tests python -m soak --seconds 120

Threads and tasks use both APIs in every way, against the local server and all its scenarios, while the OTLP
backend is up, is gone, hangs, and answers 401 and 500, round after round. Each row of the table is one such
phase, after everything was flushed. Linux only: memory and descriptors are read from /proc.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from dataclasses import dataclass, fields

import threadtrail
from soak.app import App
from soak.backend import MODES, Backend
from soak.watching import Counting, Patience, Sending, at_rest, descriptors, mebibytes, threads
from threadtrail.testing import OpenAIServer

ROUNDS = 3
FLUSH_SECONDS = 60.0
MAY_GROW_MEBIBYTES = 12.0
"""The allowed growth from the end of the first round to the last; a leak of 1 kB per run exceeds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One row: how many runs the app created, what became of them, and what the process uses."""

    backend: str
    runs: int
    events: int
    delivered: int
    counted: int
    sent: int
    arrived: int
    twice: int
    missing: int
    mebibytes: float
    threads: int
    descriptors: int

    def problems(self) -> list[str]:
        """Return what is wrong, one line each."""
        found = {
            f"{self.events} events were published, and {self.delivered} + {self.counted} are accounted for": (
                self.events != self.delivered + self.counted
            ),
            f"{self.sent} runs were sent, and {self.arrived} arrived": self.sent != self.arrived,
            f"{self.twice} runs or spans were published or arrived twice": self.twice > 0,
            f"{self.missing} runs more or less than were created": self.missing > 0,
            "the backend was up, and something was lost": self.backend == "up" and self.counted > 0,
            "the backend was not up, and nothing was lost": self.backend != "up" and not self.counted,
        }
        return [f"{self.backend}: {text}" for text, is_so in found.items() if is_so]


class Soak:
    """The app, the backend, and what was counted up to the last phase.

    ``first_round`` is the last phase of the first round: nothing takes more later.
    """

    def __init__(self, server: OpenAIServer) -> None:
        self.app, self.backend = App(server), Backend()
        self.sending, self.counting = Sending(self.backend.url), Counting()
        Patience(self.backend)
        self._server = server
        self._before = (0, 0, 0, 0, 0)
        self.first_round: Phase | None = None

    def phase(self, mode: str, seconds: float) -> Phase:
        """Work while the backend is in this mode; flush, and count."""
        self.backend.become(mode)
        self.app.work(seconds)
        threadtrail.flush(FLUSH_SECONDS)
        self.backend.let_go()
        lanes = threadtrail.status().exporters
        lane = lanes["Sending"]
        total = (self.app.created, self.counting.events, lane.delivered, lane.lost, self.sending.runs_sent)
        runs, events, delivered, lost, sent = (
            new - old for new, old in zip(total, self._before, strict=True)
        )
        self._before = total
        ended, created, spans = self.counting.ended, self.counting.created, self.backend.spans
        twice = [name for seen in (ended, created, spans) for name, count in seen.items() if count != 1]
        row = Phase(
            backend=mode,
            runs=runs,
            events=events,
            delivered=delivered,
            counted=lost + lane.queued,
            sent=sent,
            arrived=len(self.backend.runs),
            twice=len(twice),
            missing=abs(runs - len(ended)) + abs(runs - len(created)),
            mebibytes=self._quiet(),
            threads=at_rest(threads, self.first_round.threads if self.first_round else None),
            descriptors=at_rest(descriptors, self.first_round.descriptors if self.first_round else None),
        )
        for seen in (ended, created, spans, self.backend.runs):
            seen.clear()
        return row

    def _quiet(self) -> float:
        """Return the memory when nothing is in progress."""
        self._server.reset()
        gc.collect()
        return round(mebibytes(), 1)


def main() -> int:
    """Run all phases, and print a row for each; return 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m soak", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=120.0, help="how long the app works in all")
    seconds = parser.parse_args().seconds / (ROUNDS * len(MODES))
    for name in ("threadtrail", "opentelemetry"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # losses are meant to be
    os.environ["OTEL_EXPORTER_OTLP_TIMEOUT"] = "1"
    names = [field.name for field in fields(Phase)]
    print(" ".join(f"{name:>11}" for name in names))
    with OpenAIServer(poll_after_ms=1) as server:
        soak = Soak(server)
        threadtrail.instrument(exporters=[soak.sending, soak.counting], settle_seconds=5.0)
        phases = []
        for mode in MODES * ROUNDS:
            phases.append(soak.phase(mode, seconds))
            if len(phases) == len(MODES):
                soak.first_round = phases[-1]
            values = [getattr(phases[-1], name) for name in names]
            print(
                " ".join(
                    f"{value:>11.1f}" if isinstance(value, float) else f"{value:>11}" for value in values
                )
            )
        soak.backend.become("up")
        threadtrail.shutdown(FLUSH_SECONDS)
    return said(phases, soak.app.errors)


def said(phases: list[Phase], errors: list[str]) -> int:
    """Print the sums and what is wrong; return the exit code."""
    problems = [*errors, *(problem for phase in phases for problem in phase.problems())]
    after_one_round, last = phases[len(MODES) - 1], phases[-1]
    grown = last.mebibytes - after_one_round.mebibytes
    problems += [f"memory grew by {grown:.1f} MiB"] if grown > MAY_GROW_MEBIBYTES else []
    for name in ("threads", "descriptors"):
        first, at_end = getattr(after_one_round, name), getattr(last, name)
        problems += [f"{name} grew from {first} to {at_end}"] if at_end > first else []
    for problem in problems:
        print(problem)
    runs, events, delivered, counted = (
        sum(getattr(phase, name) for phase in phases) for name in ("runs", "events", "delivered", "counted")
    )
    print(f"{runs:,} runs; {events:,} events = {delivered:,} delivered + {counted:,} counted as lost")
    print(f"memory {grown:+.1f} MiB after the first round; {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
