"""The exporter keeps to the rules for exporters, with what AgentOps' SDK brings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from threadtrail.testing import ExporterConformance
from threadtrail_agentops import AgentOpsExporter

if TYPE_CHECKING:
    from agentops_receiver import Receiver

DISCARD = "http://127.0.0.1:9"
RUN_ID = "threadtrail.run.id"


class TestAgentOps(ExporterConformance):
    deadline_seconds = start_seconds = 60.0  # on a machine that is busy with other things

    @pytest.fixture
    def exporter(self, receiver: Receiver, options: dict[str, Any]) -> AgentOpsExporter:
        self.receiver = receiver
        return AgentOpsExporter(**options)

    @pytest.fixture
    def exporter_with_dead_backend(self, options: dict[str, Any]) -> AgentOpsExporter:
        addresses = {"endpoint": DISCARD, "exporter_endpoint": f"{DISCARD}/v1/traces"}
        return AgentOpsExporter(**{**options, **addresses}, timeout=1.0, retry_seconds=0.5)

    def delivered(self) -> list[str]:
        return [span.attributes[RUN_ID] for span in self.receiver.spans if RUN_ID in span.attributes]

    def written(self) -> bytes:
        return b"\n".join(request.body for request in list(self.receiver.requests))
