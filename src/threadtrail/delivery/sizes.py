"""Estimate the memory that an event takes: waiting events are bounded by number and by size."""

from __future__ import annotations

from typing import Any

from threadtrail.delivery.plans import plan_of
from threadtrail.values import RunRequest

EVENT_BYTES = 1_000
"""The estimated size of an event without its content, in bytes."""

OBJECT_BYTES = 100
"""The estimated size of each message, step or call in it without its content, in bytes."""


def size_of(event: object) -> int:
    """Return roughly how many bytes of memory an event takes.

    It is more than the number of characters in all texts of its content, keys included.
    """
    return _measured([event], EVENT_BYTES)


def _measured(waiting: list[Any], total: int) -> int:
    """Add the size of these values and of everything in them to ``total``; empties the list."""
    pop, extend = waiting.pop, waiting.extend
    while waiting:
        item = pop()
        kind = type(item)
        # This runs for each event: the most frequent types come first, compared by identity.
        if kind is str:
            total += len(item)
        elif kind is tuple:
            extend(filter(None, item))
        elif kind is RunRequest:
            total += _size_of_request(item)
        elif (plan := plan_of(kind)).fields:
            # Fields that may hold content. Ids, names and times are short.
            total += OBJECT_BYTES
            extend(filter(None, plan.values(item)))
        elif isinstance(item, dict):
            extend(filter(None, item))
            extend(filter(None, item.values()))
        elif isinstance(item, (str, bytes)):
            total += len(item)
        elif isinstance(item, (tuple, list)):
            extend(filter(None, item))
        else:
            total += OBJECT_BYTES
    return total


_latest: list[tuple[RunRequest | None, int]] = [(None, 0)]
"""The request that was measured last, and its size: the recorder has one for all runs of an assistant."""


def _size_of_request(request: RunRequest) -> int:
    measured, size = _latest[0]
    if measured is not request:
        size = _measured([*filter(None, plan_of(RunRequest).values(request))], OBJECT_BYTES)
        _latest[0] = request, size
    return size
