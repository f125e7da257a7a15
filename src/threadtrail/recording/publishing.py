"""Assembles events: what the recorder found, with what every event carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from threadtrail.events import Event

if TYPE_CHECKING:
    from threadtrail.context import Scope
    from threadtrail.recording.origin import Origin

Publish = Callable[[Event, Mapping[str, object] | None], None]
"""Hands an event to the exporters, with the contexts that they captured."""


def publish_event(
    publish: Publish, event_class: Any, time: int, origin: Origin, scope: Scope, **fields: Any
) -> None:
    """Publish an event of this class, with its origin and what was in force where it began."""
    event = event_class(
        time=time,
        source=origin.source,
        provider=origin.provider,
        server_address=origin.server_address,
        server_port=origin.server_port,
        attributes=scope.attributes,
        trace_id=scope.trace_id,
        **fields,
    )
    publish(event, scope.contexts)
