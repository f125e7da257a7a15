"""Estimate what an event takes in memory: what waits for exporters is bounded by number and by size."""

from __future__ import annotations

from threadtrail.delivery.plans import plan_of

EVENT_BYTES = 1_000
"""What an event takes besides its content."""

OBJECT_BYTES = 100
"""What each message, step or call within it takes besides that."""


def size_of(event: object) -> int:
    """Return how many bytes of memory an event takes, roughly: the length of its texts counts."""
    total, waiting = EVENT_BYTES, [event]
    while waiting:
        value = waiting.pop()
        if value is None:
            continue
        if isinstance(value, (str, bytes)):
            total += len(value)
        elif isinstance(value, (tuple, list)):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
        else:
            # Fields that may hold content. Ids, names and times are short.
            plan = plan_of(type(value))
            total += OBJECT_BYTES
            waiting += [getattr(value, name) for name in (*plan.content, *plan.nested)]
    return total
