"""Whole programs, run as users run theirs: in a process of their own, in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadtrail.testing import AssistantsServer

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
ROOT = HERE.parent.parent.parent
EXAMPLES = ROOT / "examples"
OTEL_1_44 = Path(sys.prefix) / "opentelemetry-1.44.0"
"""An older OpenTelemetry, unpacked into the environment: the last with which the native SDK delivers."""
OF_USERS = ("AGENTOPS_", "OTEL_", "LANGFUSE_", "OPENAI_", "THREADTRAIL_", "PYTHON")


def program(
    name: str, server: AssistantsServer, folder: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run one of ``programs/`` to its end; it has to end well."""
    return run(PROGRAMS / f"{name}.py", server, folder, *arguments, **variables)


def run(
    script: Path, server: AssistantsServer, folder: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a script to its end; it has to end well."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().endswith("_PROXY") and not name.startswith(OF_USERS)
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), *arguments],
        cwd=folder,
        env=environment | {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "sk-local"} | variables,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done
