"""What the doctor finds: how bad it is, what it is, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

HEALTHY, UNHEALTHY, WRONG_CONFIGURATION = 0, 1, 2


class Level(StrEnum):
    """How bad a finding is."""

    SETTING = "setting"
    """What is set, or a default, and where; other findings show whether it is right."""
    OK = "ok"
    NOTE = "note"
    """Worth knowing; nothing is wrong."""
    WARNING = "warning"
    """threadtrail works, but something else may not, or not as expected."""
    PROBLEM = "problem"
    """Something is not recorded, does not arrive, or arrives twice."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a check.

    ``area`` is what it belongs to (``sdk``, ``exporter langfuse``), ``message`` what was found and
    ``advice`` what to do about it. With ``refused``, ``threadtrail.instrument()`` raises an error for it.
    """

    level: Level
    area: str
    message: str
    advice: str = ""
    refused: bool = False

    def __str__(self) -> str:
        return f"{self.level}: {self.message} {self.advice}".strip()


@dataclass(slots=True)
class Report:
    """All findings, in the order in which they are shown."""

    findings: list[Finding] = field(default_factory=list)

    def add(self, findings: Iterable[Finding]) -> None:
        """Add more findings."""
        self.findings += findings

    def count(self, level: Level) -> int:
        """Return the number of findings of this level."""
        return sum(finding.level is level for finding in self.findings)

    def exit_code(self, *, strict: bool = False) -> int:
        """Return 2 if ``instrument()`` would raise an error, 1 if there is a problem, else 0.

        With ``strict``, a warning counts as a problem.
        """
        if any(finding.refused for finding in self.findings):
            return WRONG_CONFIGURATION
        if self.count(Level.PROBLEM) or (strict and self.count(Level.WARNING)):
            return UNHEALTHY
        return HEALTHY

    def as_json(self) -> list[dict[str, Any]]:
        """Return the findings as values that can be written as JSON."""
        return [
            {
                "level": str(finding.level),
                "area": finding.area,
                "message": finding.message,
                "advice": finding.advice or None,
                "refused": finding.refused,
            }
            for finding in self.findings
        ]
