"""The SDKs and instrumentations that `make sdks` unpacks."""

from __future__ import annotations

from pathlib import Path

import pytest

SDKS = Path(__file__).resolve().parents[1] / ".sdks"


def unpacked(name: str) -> str:
    """Return the folder of one of them, for a program's path."""
    folder = SDKS / name
    if not folder.is_dir():
        pytest.fail(f"{name} is not in .sdks. Get it with: make sdks")
    return str(folder)
