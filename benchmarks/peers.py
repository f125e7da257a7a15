"""The other tools that are compared with threadtrail, each in an environment of its own."""

from __future__ import annotations

from benchmarks.child import ROOT, last_line_of
from benchmarks.contenders import INSTRUMENTORS

NAMES = tuple(INSTRUMENTORS)


def interpreter_of(name: str) -> str:
    """Return the Python interpreter of a tool's environment, which is made if it does not exist."""
    return last_line_of(ROOT / "tools" / "peer_environment.py", name)
