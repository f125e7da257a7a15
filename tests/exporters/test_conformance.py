"""Console and jsonl keep to the rules for exporters."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest

from threadtrail.events import RunEnded
from threadtrail.exporters.console import ConsoleExporter
from threadtrail.exporters.jsonl import JsonlExporter, read_events
from threadtrail.testing import ExporterConformance

FULL_DISK = Path("/dev/full")

pytestmark = pytest.mark.slow  # each imports in a process of its own; tests beside this one are quicker


class ClosedTerminal(StringIO):
    """As when the program behind the pipe has ended."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


class TestConsole(ExporterConformance):
    deadline_seconds = start_seconds = 60.0  # on a machine that is busy with other things

    @pytest.fixture
    def exporter(self) -> ConsoleExporter:
        return ConsoleExporter()

    @pytest.fixture
    def exporter_with_dead_backend(self) -> ConsoleExporter:
        return ConsoleExporter(stream=ClosedTerminal())


class TestJsonl(ExporterConformance):
    deadline_seconds = start_seconds = 60.0  # on a machine that is busy with other things

    @pytest.fixture
    def exporter(self, tmp_path: Path) -> JsonlExporter:
        self.path = tmp_path / "runs.jsonl"
        return JsonlExporter(self.path)

    @pytest.fixture
    def exporter_with_dead_backend(self) -> JsonlExporter:
        if not FULL_DISK.exists():
            pytest.skip("this system has no device that is always full")
        return JsonlExporter(FULL_DISK)

    def delivered(self) -> list[str]:
        if not self.path.exists():
            return []
        # Not strict: an event of a class that this version does not know is passed over.
        events = read_events(self.path, strict=False)
        return [event.run_id for event in events if isinstance(event, RunEnded)]
