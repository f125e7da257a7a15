"""Runs whole programs as users do, each in its own process; for the exporters' suites."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from threadtrail.testing import AssistantsServer


PROGRAMS = Path(__file__).parent / "whole_programs"
"""Programs that each exporter must work in; their argument is the exporter."""


def run_shared_program(
    name: str, exporter: str, server: AssistantsServer, variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run one of ``whole_programs/`` to its end; the variables configure the exporter."""
    return run_program([sys.executable, "-W", "ignore", PROGRAMS / f"{name}.py", exporter], server, variables)


def run_program(
    command: Sequence[str | Path],
    server: AssistantsServer,
    variables: Mapping[str, str],
    folder: Path | None = None,
    *,
    timeout: float = 240,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with the server as OpenAI's API; the exit code must be 0.

    It may take long to exit, unless it says how long.
    """
    environment = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
    own = {
        "OPENAI_BASE_URL": server.base_url,
        "OPENAI_API_KEY": "sk-local",
        "THREADTRAIL_SHUTDOWN_TIMEOUT_SECONDS": str(timeout),
    }
    done = subprocess.run(
        command,
        cwd=folder,
        env={**environment, **own, **variables},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done
