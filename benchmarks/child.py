"""A part of the benchmark in a process of its own, where nothing was loaded or measured before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

TIMEOUT_SECONDS = 900
"""Enough for the longest part on a machine four times slower."""


def last_line_of(*arguments: object, python: str = sys.executable, **variables: str) -> str:
    """Run ``python arguments`` with more environment variables; return the last line that it prints.

    Raises:
        RuntimeError: it failed; the message has all that it printed.
    """
    command = [python, *map(str, arguments)]
    process = subprocess.run(  # noqa: S603 - our own modules
        command,
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    if process.returncode:
        words = " ".join([*(f"{name}={value}" for name, value in variables.items()), *command])
        raise RuntimeError(f"{words} failed:\n{process.stdout}{process.stderr}")
    return process.stdout.splitlines()[-1]
