"""Whole programs with this exporter, run as users run theirs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from exporter_programs import run_program

if TYPE_CHECKING:
    import subprocess

    from threadtrail.testing import AssistantsServer

PROGRAMS = Path(__file__).parent / "programs"
EXAMPLES = Path(__file__).parent.parent / "examples"


def program(
    name: str, server: AssistantsServer, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run one of ``programs/`` to its end; its exit code must be 0."""
    return run([sys.executable, str(PROGRAMS / f"{name}.py"), *arguments], server, **variables)


def run(command: list[str], server: AssistantsServer, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; its exit code must be 0."""
    return run_program(command, server, {"PYTHONWARNINGS": "ignore", **variables})
