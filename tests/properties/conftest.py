"""How many programs are tried: a few, always the same, or many, by ``--hypothesis-profile=thorough``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from properties.playing import Theatre

if TYPE_CHECKING:
    from collections.abc import Iterator

settings.register_profile(
    "few",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("thorough", settings.get_profile("few"), derandomize=False, max_examples=500)
settings.load_profile("few")


@pytest.fixture(scope="module")
def theatre() -> Iterator[Theatre]:
    with Theatre() as theatre:
        yield theatre
