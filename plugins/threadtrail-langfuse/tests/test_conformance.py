"""The exporter keeps to the rules for exporters, with the real SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from langfuse_stage import PUBLIC, SECRET
from threadtrail.testing import ExporterConformance
from threadtrail_langfuse import LangfuseExporter

if TYPE_CHECKING:
    from langfuse_receiver import Receiver

DISCARD = "http://127.0.0.1:9"


class TestLangfuse(ExporterConformance):
    deadline_seconds = start_seconds = 60.0  # on a machine that is busy with other things

    @pytest.fixture
    def exporter(self, langfuse: Receiver) -> LangfuseExporter:
        self.langfuse = langfuse
        return LangfuseExporter()

    @pytest.fixture
    def exporter_with_dead_backend(self) -> LangfuseExporter:
        return LangfuseExporter(base_url=DISCARD, public_key=PUBLIC, secret_key=SECRET, timeout=1)

    def delivered(self) -> list[str]:
        return [each.metadata["run_id"] for each in self.langfuse.all_observations if each.type == "agent"]

    def written(self) -> bytes:
        return self.langfuse.wire
