"""A recording that is checked for what must always hold, even after it was shut down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from recording.invariants import check_story
from threadtrail.testing import Captured, capture

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def recording() -> Iterator[Captured]:
    with capture(settle_seconds=600) as captured:
        yield captured
    check_story(captured.events)
