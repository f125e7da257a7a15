"""Deliver any number of events, no faster than the exporters take them, so that no queue overflows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.delivery.sizes import size_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from threadtrail.delivery.delivery import Delivery
    from threadtrail.events import Event

MAX_BYTES = 33_554_432
"""The maximum size of the events that wait for the exporters, by ``size_of``: 32 MiB. One may be larger."""


def deliver(delivery: Delivery, events: Iterable[Event], *, room: int, timeout: float) -> bool:
    """Publish events, ``room`` at a time; return whether the flush of every exporter confirms them all.

    ``timeout`` is the time, in seconds, for ``room`` events, and for the flush.
    """
    waiting = size = 0
    for event in events:
        if waiting == room or size > MAX_BYTES:
            if not delivery.drain(timeout):
                return False
            waiting = size = 0
        delivery.publish(event)
        waiting += 1
        size += size_of(event)
    return delivery.flush(timeout)
