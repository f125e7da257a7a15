"""Finds out what a program imports, in a fresh process."""

from __future__ import annotations

import subprocess
import sys


def imported_by(program: str, *, after: str = "pass") -> set[str]:
    """Return the names of all modules that the program imports, where another one has run before it."""
    lines = ["import sys", after, "before = set(sys.modules)", program, "print(*sys.modules.keys() - before)"]
    command = [sys.executable, "-c", "\n".join(lines)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return set(done.stdout.split())
