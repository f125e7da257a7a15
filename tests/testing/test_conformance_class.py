"""The class that authors see: what it refuses, what it needs."""

from __future__ import annotations

import pytest

import threadtrail.testing
from fresh_process import imported_by
from threadtrail.testing import ExporterConformance


def test_the_test_that_finds_overrides_cannot_be_overridden() -> None:
    with pytest.raises(TypeError, match=r"Mine\.test_no_rule_is_overridden: this test cannot"):

        class Mine(ExporterConformance):
            def test_no_rule_is_overridden(self) -> None:
                """Nothing."""


def test_it_is_a_name_of_threadtrail_testing() -> None:
    assert "ExporterConformance" in threadtrail.testing.__all__
    assert threadtrail.testing.ExporterConformance is ExporterConformance


@pytest.mark.slow
def test_importing_it_imports_neither_sdk_nor_server() -> None:
    imported = imported_by("from threadtrail.testing import ExporterConformance")
    assert not imported & {"openai", "starlette", "uvicorn", "rich"}
