"""Ids that derive from the run's own: a score finds its run, a second look finds the same observation."""

from __future__ import annotations

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

from threadtrail import trace_shape

__all__ = ["ChosenIds", "observation_id_for", "trace_id_for"]


def trace_id_for(identifier: str) -> str:
    """Return the id of the Langfuse trace of a run, or of a ``threadtrail.trace()``.

    It holds for a run that began neither in a ``threadtrail.trace()`` nor inside an observation or span
    of the app's own: those it belongs to, and its trace is theirs.

    Args:
        identifier: the run's id (``run_…``), or ``trace_id`` of the block that ``threadtrail.trace()`` gave.
    """
    return trace_shape.trace_id_for(identifier)


def observation_id_for(run_id: str) -> str:
    """Return the id of a run's ``agent`` observation, wherever the run hangs."""
    return trace_shape.span_id_for(run_id)


class ChosenIds(RandomIdGenerator):
    """Random ids, except for the next span, whose ids may be chosen. Used by one thread at a time."""

    def __init__(self) -> None:
        self._trace_id: int | None = None
        self._span_id: int | None = None

    def choose(self, *, trace_id: str | None = None, span_id: str | None = None) -> None:
        """Set the ids of the next span; the trace id counts only if the span has no parent."""
        self._trace_id = None if trace_id is None else int(trace_id, 16)
        self._span_id = None if span_id is None else int(span_id, 16)

    def generate_trace_id(self) -> int:
        """Return the chosen id, else a random one."""
        chosen, self._trace_id = self._trace_id, None
        return chosen if chosen is not None else super().generate_trace_id()

    def generate_span_id(self) -> int:
        """Return the chosen id, else a random one; a span's own id is the last to be asked for."""
        chosen, self._span_id, self._trace_id = self._span_id, None, None
        return chosen if chosen is not None else super().generate_span_id()
