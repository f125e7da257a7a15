"""Checks everything that these tests record for what must always hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from recording.invariants import check_story

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.testing import Captured


@pytest.fixture
def recorded(recorded: Captured) -> Iterator[Captured]:
    yield recorded
    check_story(recorded.events)
