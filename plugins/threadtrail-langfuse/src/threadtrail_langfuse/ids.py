"""Ids that derive from the run's id, so that a score finds its run."""

from __future__ import annotations

import threadtrail
from threadtrail import trace_shape

__all__ = ["observation_id_for", "trace_id_for"]


def trace_id_for(identifier: str) -> str:
    """Return the id of the Langfuse trace of a run, of a turn, or of a ``threadtrail.trace()``.

    A response that is part of a turn is in the trace of the turn. This process knows the turn of a response
    that it has seen created; elsewhere, give the id of the turn (``threadtrail.turn_id()``).

    A run that began in a ``threadtrail.trace()``, for a ``threadtrail.tool()``, or inside an observation or
    span of the app, is in that trace and has no trace of its own.

    Args:
        identifier: the id of a run (``run_…``, ``resp_…``) or of a turn, or the ``trace_id`` of the block
            that ``threadtrail.trace()`` returns. If the server gave one id to several runs: ``run.key``.
    """
    return trace_shape.trace_id_for(threadtrail.turn_id(identifier) or identifier)


def observation_id_for(run_id: str) -> str:
    """Return the id of a run's own observation (``agent``, or a response's ``generation``), in any trace.

    ``run_id`` is the run's id; if the server gave one id to several runs, ``run.key``.
    """
    return trace_shape.span_id_for(run_id)
