"""Whole programs, run as users run theirs: in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadtrail.testing import AssistantsServer

PROGRAMS = Path(__file__).parent / "programs"
EXAMPLES = Path(__file__).parent.parent / "examples"
# The folder of the interpreter, whose other commands are installed beside it.
BIN = Path(sys.executable).parent


def program(
    name: str, server: AssistantsServer, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run one of ``programs/`` to its end; it has to end well."""
    return run([sys.executable, str(PROGRAMS / f"{name}.py"), *arguments], server, **variables)


def run(command: list[str], server: AssistantsServer, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; it has to end well."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_PROXY")}
    done = subprocess.run(
        command,
        env=environment
        | {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "sk-local", "PYTHONWARNINGS": "ignore"}
        | variables,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done
