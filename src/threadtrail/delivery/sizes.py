"""Estimate what an event takes in memory: what waits for exporters is bounded by number and by size."""

from __future__ import annotations

from threadtrail.delivery.plans import plan_of

EVENT_BYTES = 1_000
"""What an event takes besides its content."""

OBJECT_BYTES = 100
"""What each message, step or call within it takes besides that."""


def size_of(event: object) -> int:
    """Return how many bytes of memory an event takes, roughly.

    It is more than the number of characters in all texts of its content, keys included.
    """
    total, waiting = EVENT_BYTES, [event]
    pop, extend = waiting.pop, waiting.extend
    while waiting:
        item = pop()
        if isinstance(item, (str, bytes)):
            total += len(item)
        elif isinstance(item, (tuple, list)):
            extend(filter(None, item))
        elif isinstance(item, dict):
            extend(filter(None, item))
            extend(filter(None, item.values()))
        else:
            # Fields that may hold content. Ids, names and times are short.
            total += OBJECT_BYTES
            extend(filter(None, plan_of(type(item)).values(item)))
    return total
