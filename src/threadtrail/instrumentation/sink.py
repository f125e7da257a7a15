"""Where the patched methods hand over their notes: the recorder in force, or nobody."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from threadtrail.context import here
from threadtrail.recording.observation import GroupEnded, GroupStarted, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from threadtrail._guard import Guard
    from threadtrail.recording.observation import Observation
    from threadtrail.values import Failure

REMEMBERED = 20_000
"""So many run ids are kept, to know a first look at a run by."""


class Sink:
    """What the patched methods need: a place to put observations, and what is in force where they stand.

    ``capture`` returns the exporters' contexts, or ``None`` if no exporter wants any; ``wants_loop`` says
    that details of runs may be fetched, on the event loop of an async client.
    """

    def __init__(
        self,
        put: Callable[[Observation], None],
        put_from_finaliser: Callable[[Observation], None],
        capture: Callable[[], Mapping[str, object] | None],
        guard: Guard,
        *,
        wants_loop: bool = False,
    ) -> None:
        self.put = put
        self.put_from_finaliser = put_from_finaliser
        self.guard = guard
        self.known_runs: dict[Any, None] = {}
        self._capture = capture
        self.wants_loop = wants_loop

    def scope(self, *, begins: bool) -> Scope:
        """What is in force here; with the exporters' contexts if something ``begins`` here."""
        scope = here()
        contexts = self._capture() if begins else None
        return scope if contexts is None else Scope(scope.attributes, scope.trace_id, contexts)

    def know(self, run_id: Any) -> None:
        """Remember a run whose beginning, or first look, was noted: nothing of it begins again."""
        known = self.known_runs
        known[run_id] = None
        if len(known) > REMEMBERED:
            # Half at once: an eviction per call would cost more than the second capture that it may cause.
            self.known_runs = dict(list(known.items())[REMEMBERED // 2 :])

    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The running event loop, if it is one of asyncio."""
        try:
            return asyncio.get_running_loop()
        except RuntimeError:  # another kind of loop, such as trio's
            return None

    # `threadtrail.context.Observer`: `trace()` runs in the user's threads as well.

    def trace_started(self, time: int, trace_id: str, name: str, parent_trace_id: str | None) -> None:
        """Note that a trace was entered."""
        self.guard.call("noting a trace", self._trace_started, time, trace_id, name, parent_trace_id)

    def _trace_started(self, time: int, trace_id: str, name: str, parent_trace_id: str | None) -> None:
        self.put(GroupStarted(time, trace_id, name, parent_trace_id, self.scope(begins=True)))

    def trace_ended(self, time: int, trace_id: str, error: Failure | None) -> None:
        """Note that a trace was left."""
        self.guard.call("noting a trace", self.put, GroupEnded(time, trace_id, error))


class _Active:
    """Holds the sink in force. One attribute read per call is what being switched off costs."""

    sink: Sink | None = None


active = _Active()
