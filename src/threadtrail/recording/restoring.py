"""What was in force where a run was created, as far as it came with the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail._quick import changed
from threadtrail.context import merge

if TYPE_CHECKING:
    from threadtrail.context import Scope
    from threadtrail.values import Carried


def restored(scope: Scope, carried: Carried | None, *, created_here: bool) -> Scope:
    """Return what is in force for a run: ``scope``, completed by what its creator put into its metadata.

    A run that another process created belongs to the trace of that process, wherever it is looked at. A user
    or session that is set here stays.
    """
    if carried is None:
        return scope
    here, there = scope.trace_id, carried.trace_id
    return changed(
        scope,
        attributes=merge(carried.attributes, scope.attributes),
        trace_id=(here or there) if created_here else (there or here),
        carried=carried,
    )
