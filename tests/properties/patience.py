"""How long one of these tests may take: with the profile ``thorough``, longer."""

from __future__ import annotations

import pytest
from hypothesis import settings

SECONDS = 40
"""What an example may take, on a busy machine, with what it takes to find the shortest one that fails."""

patient = pytest.mark.timeout(SECONDS * settings().max_examples)
