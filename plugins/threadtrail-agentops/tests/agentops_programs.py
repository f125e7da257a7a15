"""Whole programs with this exporter, run as users run theirs, in an empty folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from exporter_programs import run_program

if TYPE_CHECKING:
    import subprocess

    from threadtrail.testing import AssistantsServer

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
ROOT = HERE.parent.parent.parent
EXAMPLES = ROOT / "examples"
OTEL_1_44 = Path(sys.prefix) / "opentelemetry-1.44.0"
"""An older OpenTelemetry, unpacked into the environment: the last with which the native SDK delivers."""


def program(
    name: str, server: AssistantsServer, folder: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run one of ``programs/`` to its end; its exit code must be 0."""
    return run(PROGRAMS / f"{name}.py", server, folder, *arguments, **variables)


def run(
    script: Path, server: AssistantsServer, folder: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a script to its end; its exit code must be 0."""
    command = [sys.executable, "-W", "ignore", str(script), *arguments]
    return run_program(command, server, variables, folder)
