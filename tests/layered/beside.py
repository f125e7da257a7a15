"""The play with other tools on: what is switched on, in which order, and what everybody recorded."""

from __future__ import annotations

import atexit
import json
import os
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import threadtrail
from differential.bare import Bare
from layered.comparable import comparable_event, comparable_spans
from layered.tools import TOOLS
from threadtrail._guard import guard

if TYPE_CHECKING:
    from differential.tape import Tape
    from threadtrail.testing.server import AssistantsServer

OURS = "ours"
FLUSH_TIMEOUT_SECONDS = 200.0
UNREAD_SECONDS = 0.3
SETTLE_SECONDS = 600.0
"""Runs that have ended wait for what may follow until somebody flushes: a slow machine changes nothing."""


class Memory:
    """An exporter that keeps every event."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    @threadtrail.hookimpl
    def export(self, events: Any) -> None:
        self.events.extend(events)


class Beside(Bare):
    """Switches on what is named, in that order: tools, and `ours`."""

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._tools = [TOOLS[name]() for name in names if name != OURS]
        self._memory = Memory()
        self._unread = 0

    def meet(self, server: AssistantsServer, tape: Tape) -> None:
        """Let a stream that a tool's fault has left unread disturb nobody else.

        Its run would lock the thread for as long as the server thinks that somebody reads it, and go on
        while the next step is played: both depend on the moment.
        """
        server._backend.active_run = lambda thread_id: None  # type: ignore[method-assign]  # what this test is about
        tape.after_step = lambda: self._let_streams_end(server)

    def _let_streams_end(self, server: AssistantsServer) -> None:
        try:
            server.wait_until(lambda: server.open_streams <= self._unread, UNREAD_SECONDS)
        except TimeoutError:
            self._unread = server.open_streams

    def after_import(self) -> None:
        for tool in self._tools:
            tool.prepare()
        tools = iter(self._tools)
        for name in self._names:
            if name == OURS:
                threadtrail.instrument(exporters=[self._memory], settle_seconds=SETTLE_SECONDS)
            else:
                next(tools).on()

    def finish(self) -> dict[str, Any]:
        threadtrail.shutdown(timeout=FLUSH_TIMEOUT_SECONDS)
        events = [json.loads(event.to_json()) for event in self._memory.events]
        # The tools would send metrics elsewhere and wait for backends: that is not what is looked at.
        atexit.register(_leave)
        return {
            "events": [comparable_event(event) for event in events],
            "created": Counter(event["run_id"] for event in events if event["event"] == "RunCreated"),
            "ended": Counter(event["run"]["id"] for event in events if event["event"] == "RunEnded"),
            "spans": [span for tool in self._tools for span in comparable_spans(tool.spans)],
            "contained": guard.counts,
        }


def _leave() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
