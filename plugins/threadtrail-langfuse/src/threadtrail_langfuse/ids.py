"""Ids that derive from the run's own: a score finds its run, a second look finds the same observation."""

from __future__ import annotations

from threadtrail import trace_shape

__all__ = ["observation_id_for", "trace_id_for"]


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
