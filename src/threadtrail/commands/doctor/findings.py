"""What the doctor finds: one sentence each, how bad it is, and what to do about it."""

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
    """What is set, or a default, and where it stands; whether it is right, other findings say."""
    OK = "ok"
    NOTE = "note"
    """Worth knowing; nothing is wrong."""
    WARNING = "warning"
    """threadtrail works, but something else may not, or not as expected."""
    PROBLEM = "problem"
    """Something is not recorded, does not arrive, or arrives twice."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    ``area`` says what it belongs to (``sdk``, ``exporter langfuse``), ``message`` what was found and
    ``advice`` what to do about it. ``refused`` marks what ``threadtrail.instrument()`` refuses to start with.
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
    """Everything that was found, in the order in which it is told."""

    findings: list[Finding] = field(default_factory=list)

    def add(self, findings: Iterable[Finding]) -> None:
        """Take in more findings."""
        self.findings += findings

    def count(self, level: Level) -> int:
        """How many findings are of this level."""
        return sum(finding.level is level for finding in self.findings)

    def exit_code(self, *, strict: bool = False) -> int:
        """Return 2 if ``instrument()`` would refuse to start, 1 if there is a problem, else 0.

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
