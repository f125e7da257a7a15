"""Finds other tools in this process that record the same calls, for programs that check at run time."""

from __future__ import annotations

from threadtrail.commands.doctor import other_instrumentations
from threadtrail.commands.doctor.findings import Finding, Level

__all__ = ["Finding", "Level", "conflicts"]


def conflicts() -> list[Finding]:
    """Return which other tools in this process record the same calls, and where its global provider sends.

    Changes nothing, and imports neither the SDK nor OpenTelemetry.
    """
    return other_instrumentations.live()
