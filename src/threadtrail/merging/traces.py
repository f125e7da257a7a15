"""The start and the end of each ``threadtrail.trace()``, once: several processes may take part in one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from threadtrail.events import TraceEnded, TraceStarted
from threadtrail.merging.fields import Tie

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def traces(events: Iterable[TraceStarted | TraceEnded]) -> Iterator[TraceStarted | TraceEnded]:
    """Yield the earliest start and the latest end of each trace."""
    groups: dict[tuple[str | None, type], list[TraceStarted | TraceEnded]] = {}
    for event in events:
        groups.setdefault((event.trace_id, type(event)), []).append(event)
    for group in groups.values():
        ordered = sorted(group, key=lambda event: (event.time, Tie(event)))
        last = ordered[-1]
        if isinstance(last, TraceEnded):
            started_at = min(event.started_at for event in ordered if isinstance(event, TraceEnded))
            yield last if last.started_at == started_at else replace(last, started_at=started_at)
        else:
            yield ordered[0]
