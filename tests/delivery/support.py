"""Exporters and events for the tests of delivery, and scripts run in a process of their own."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from threadtrail.delivery.hooks import ExporterHooks
from threadtrail.events import Event, Failure, Run, RunEnded, RunStatusChanged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

PATIENCE = 60.0
"""Seconds a test waits for what should come at once: a bound for a broken build, not a measure."""


class Collecting:
    """Keeps what it is given; can wait for it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.contexts: list[object] = []
        self.batches: list[int] = []
        self.threads: set[threading.Thread] = set()
        self.calls: list[str] = []
        self._changed = threading.Condition()

    @property
    def hooks(self) -> ExporterHooks:
        return ExporterHooks(export=self.export, flush=self.flush, shutdown=self.shutdown)

    def export(self, events: Sequence[Event], contexts: Sequence[object]) -> None:
        with self._changed:
            self.events += events
            self.contexts += contexts
            self.batches.append(len(events))
            self.threads.add(threading.current_thread())
            self.calls.append("export")
            self._changed.notify_all()

    def flush(self, timeout: float) -> bool | None:
        self.calls.append("flush")
        return None

    def shutdown(self, timeout: float) -> None:
        self.calls.append("shutdown")

    def wait_for(self, count: int) -> list[Event]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.events) >= count, PATIENCE)
            return list(self.events)


class Stuck:
    """Hangs in the named hook until released."""

    def __init__(self, *where: str) -> None:
        self.entered = threading.Event()
        self.release = threading.Event()
        self.events: list[Event] = []
        self._where = where

    @property
    def hooks(self) -> ExporterHooks:
        return ExporterHooks(export=self.export, flush=self._hook("flush"), shutdown=self._hook("shutdown"))

    def export(self, events: Sequence[Event], contexts: Sequence[object]) -> None:
        self._pass("export")
        self.events += events

    def _hook(self, name: str) -> Callable[[float], None]:
        def hook(timeout: float) -> None:
            self._pass(name)

        return hook

    def _pass(self, where: str) -> None:
        if where in self._where:
            self.entered.set()
            assert self.release.wait(PATIENCE)


def changed(number: int, run_id: str = "run_1", trace_id: str | None = None) -> RunStatusChanged:
    """A detail event, distinguished by its time."""
    return RunStatusChanged(
        time=number,
        type="thread.run.queued",
        run_id=run_id,
        status="queued",
        learnt_from="poll",
        trace_id=trace_id,
    )


def ended(
    number: int = 0, run_id: str = "run_1", status: str = "completed", trace_id: str | None = None
) -> RunEnded:
    """The end of a run."""
    error = Failure(type="server_error") if status == "failed" else None
    return RunEnded(
        time=number, run=Run(id=run_id, status=status, error=error, finished=True), trace_id=trace_id
    )


def run_script(script: str | Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script (its text, or its file) in a fresh interpreter; a hang of it fails the test."""
    return subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            *(["-c"] if isinstance(script, str) else []),
            str(script),
            *arguments,
        ],
        capture_output=True,
        text=True,
        timeout=PATIENCE * 2,
        check=False,
    )
