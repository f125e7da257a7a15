"""Finds out what a program imports, in a fresh process."""

from __future__ import annotations

import subprocess
import sys


def imported_by(program: str) -> set[str]:
    """Return the names of all modules that are imported when the program ends."""
    command = [sys.executable, "-c", f"import sys; {program}; print(*sys.modules)"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return set(done.stdout.split())
