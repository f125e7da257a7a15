"""All tests of the documentation begin in an empty folder, with an environment that says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def everywhere(here: Path) -> None:
    """In an empty folder."""
