"""Runs that were published before the app answered their calls, bounded by number."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from threadtrail.shape import in_turn

if TYPE_CHECKING:
    from threadtrail.events import RunEnded, ToolCallCompleted
    from threadtrail.otlp.open_runs import Key
    from threadtrail.values import Run, Step

__all__ = ["OpenCalls"]

MAX_RUNS = 4_096


class OpenCalls:
    """Runs with open calls; beyond ``MAX_RUNS``, the one that was added first is dropped.

    A call is completed later, once: by its output, or because its turn was given up. Its span is made then.
    """

    def __init__(self) -> None:
        self._runs: OrderedDict[Key, tuple[RunEnded, set[str]]] = OrderedDict()

    def add(self, event: RunEnded) -> None:
        """Keep a run that was published with open calls, without its input and output.

        A run in the background that is unfinished will be published again, with its calls.
        """
        run = event.run
        calls = {call.id for call in run.tool_calls if not call.hosted and not call.answered}
        if not calls or not in_turn(run) or (run.background and not run.finished):
            return
        self._runs[_key(event)] = (replace(event, run=_without_messages(run, calls)), calls)
        if len(self._runs) > MAX_RUNS:
            self._runs.popitem(last=False)

    def take(self, event: ToolCallCompleted) -> RunEnded | None:
        """Return the run, as it was published, that an open call belongs to; ``None`` for other calls.

        Other calls are in the run's own ``RunEnded``.
        """
        key = _key(event)
        kept, calls = self._runs.get(key, (None, set[str]()))
        if kept is None or event.tool_call.id not in calls:
            return None
        calls.remove(event.tool_call.id)
        if not calls:
            del self._runs[key]
        return kept

    def clear(self) -> None:
        """Drop all runs: in a forked child they are the parent's."""
        self._runs.clear()


def _without_messages(run: Run, calls: set[str]) -> Run:
    """Return the run with only those steps that hold one of the calls."""
    return replace(
        run,
        input=(),
        output=(),
        status_history=(),
        steps=tuple(step for step in run.steps if _holds(step, calls)),
    )


def _holds(step: Step, calls: set[str]) -> bool:
    return any(call.id in calls for call in step.tool_calls)


def _key(event: RunEnded | ToolCallCompleted) -> Key:
    return event.server_address, event.server_port, event.run_id
