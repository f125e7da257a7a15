"""What else in this program records the same calls: ``conflicts()``, for programs that ask at run time."""

from __future__ import annotations

from threadtrail.commands.doctor import Finding, Level, conflicts

__all__ = ["Finding", "Level", "conflicts"]
