"""What patched methods need from the runtime in force: where observations go, and what goes with them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from threadtrail._own_work import is_own_work
from threadtrail.context import Scope, here
from threadtrail.recording.observation import GroupEnded, GroupStarted, ToolEnded, ToolStarted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from threadtrail._guard import Guard
    from threadtrail.delivery.delivery import Delivery
    from threadtrail.recording.recorder import Recorder
    from threadtrail.sources.source import NextPage, Source, StreamNotes, StreamReader
    from threadtrail.values import Failure

KNOWN_RUNS = 20_000
"""The maximum number of run ids that are kept, to recognise the first look at a run."""


class Sink:
    """Takes the notes of the app's threads for one runtime.

    ``scope`` returns what is in force now, when something begins, with the contexts of exporters.
    ``wants_loop`` says that details of runs are fetched, which may need the event loop of an async client.
    """

    def __init__(
        self,
        recorder: Recorder,
        delivery: Delivery,
        guard: Guard,
        sources: Sequence[Source],
        *,
        wants_loop: bool = False,
    ) -> None:
        self.recorder = recorder
        self.guard = guard
        self.known_runs: dict[Any, None] = {}
        self.wants_loop = wants_loop
        self.stream_managers: tuple[str, ...] = tuple(
            name for source in sources for name in source.stream_managers
        )
        self._delivery = delivery
        # Decided once: with exporters that capture nothing, as many are, a call does without two functions.
        self.scope: Callable[[], Scope] = self._captured if delivery.captures else here
        self._sources = {source.name: source for source in sources}

    def _captured(self) -> Scope:
        """Return what is in force now, with the contexts of exporters."""
        scope = here()
        contexts = self._delivery.capture()
        if contexts is None:
            return scope
        return Scope(
            scope.attributes,
            scope.trace_id,
            contexts,
            outer=scope.outer,
            tool_call_id=scope.tool_call_id,
            carried=scope.carried,
        )

    def knows(self, run_id: Any) -> bool:
        """Return whether a run is remembered; a server may send anything as its id."""
        return isinstance(run_id, str) and run_id in self.known_runs

    def know(self, run_id: Any) -> None:
        """Remember a run whose beginning, or first look, was noted; later looks begin nothing."""
        known = self.known_runs
        known[run_id] = None
        if len(known) > KNOWN_RUNS:
            # Half at once: evicting one per call costs more than the few contexts that are captured again.
            self.known_runs = dict(list(known.items())[KNOWN_RUNS // 2 :])

    def stream_reader(self, source: str, notes: StreamNotes) -> StreamReader:
        """Return a reader for the events of a stream of this source."""
        return self._sources[source].streams(notes)

    def next_page(self, page: Any) -> NextPage | None:
        """Return the call for the page after this one, or ``None`` if no source has such a list."""
        found = (source.next_page(page) for source in self._sources.values())
        return next((each for each in found if each is not None), None)

    def loop(self) -> asyncio.AbstractEventLoop | None:
        """Return the running event loop of asyncio, or ``None``."""
        try:
            return asyncio.get_running_loop()
        except RuntimeError:  # another kind of loop, such as trio's
            return None

    # `threadtrail.context.Observer`: `trace()` and `tool()` run in the app's threads as well.

    def trace_started(self, time: int, trace_id: str, name: str, parent_trace_id: str | None) -> None:
        """Note that a trace was entered, unless by an exporter."""
        if is_own_work():
            return
        self.guard.call("noting a trace", self._trace_started, time, trace_id, name, parent_trace_id)

    def _trace_started(self, time: int, trace_id: str, name: str, parent_trace_id: str | None) -> None:
        self.recorder.put(GroupStarted(time, trace_id, name, parent_trace_id, self.scope()))

    def trace_ended(self, time: int, trace_id: str, error: Failure | None) -> None:
        """Note that a trace was left, unless by an exporter."""
        if is_own_work():
            return
        self.guard.call("noting a trace", self.recorder.put, GroupEnded(time, trace_id, error))

    def tool_started(self, time: int, call_id: str) -> None:
        """Note that the app begins to work on a call."""
        self.guard.call("noting a tool", self.recorder.put, ToolStarted(time, call_id))

    def tool_ended(self, time: int, call_id: str, error: Failure | None) -> None:
        """Note that the app has worked on a call."""
        self.guard.call("noting a tool", self.recorder.put, ToolEnded(time, call_id, error))
