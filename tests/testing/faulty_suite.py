"""The kit at work on healthy and on faulty exporters; run by test_conformance.py, not collected by itself."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from testing import faulty_exporters as faulty
from threadtrail.testing import ExporterConformance

if TYPE_CHECKING:
    from collections.abc import Iterator

FULL_DISK = Path("/dev/full")
HANGS_AFTER = 2.0
"""The deadline where something hangs: it is waited for. A busy machine keeps it, where nothing does."""


@pytest.fixture(autouse=True)
def workers_ended() -> None:
    """Leave out what the conftest does: what hangs here hangs for good."""


class Patient(ExporterConformance):
    """For exporters of which no hook hangs, however busy the machine is."""

    deadline_seconds = 60.0
    start_seconds = 60.0


def suite(exporter: type, **more: Any) -> type:
    """What an author writes for an exporter of this class."""

    class Suite(Patient):
        @pytest.fixture
        def exporter(self, tmp_path: Path) -> object:
            return exporter(tmp_path / "runs.txt")

    for name, value in more.items():
        setattr(Suite, name, value)
    Suite.__name__ = Suite.__qualname__ = f"Test{exporter.__name__}"
    return Suite


def delivered(self: Any) -> list[str]:
    return [line.split()[0] for line in self.path.read_text().splitlines()] if self.path.exists() else []


class TestHealthy(Patient):
    """With all that an author can give."""

    @pytest.fixture
    def exporter(self, tmp_path: Path) -> faulty.Healthy:
        self.path = tmp_path / "runs.txt"
        return faulty.Healthy(self.path)

    @pytest.fixture
    def exporter_with_dead_backend(self) -> faulty.Healthy:
        return faulty.Healthy(FULL_DISK)

    delivered = delivered


class TestHealthyButPatient(Patient):
    """Waits for a backend that is away until its time is up, and no longer."""

    deadline_seconds = HANGS_AFTER

    @pytest.fixture
    def exporter(self, tmp_path: Path) -> faulty.Healthy:
        return faulty.Healthy(tmp_path / "runs.txt")

    @pytest.fixture
    def exporter_with_dead_backend(self) -> faulty.UsesAllItsTime:
        return faulty.UsesAllItsTime(FULL_DISK)


class TestHealthyOfFailedRuns(Patient):
    """Exports failed runs only, to a list in memory."""

    sample = "failed"

    @pytest.fixture
    def exporter(self) -> faulty.InMemory:
        self.memory = faulty.InMemory()
        return self.memory

    def delivered(self) -> list[str]:
        return self.memory.failed

    def written(self) -> str:
        return " ".join(self.memory.failed) or "(nothing)"


class TestHealthyOfFailedRunsInAFile(Patient):
    """Exports failed runs only, where the kit sees it by itself."""

    sample = "failed"

    @pytest.fixture
    def exporter(self, tmp_path: Path) -> faulty.OfFailedRuns:
        return faulty.OfFailedRuns(tmp_path / "runs.txt")


class TestHealthyButUnseen(Patient):
    """One fixture, and an exporter that leaves nothing that the kit can see."""

    @pytest.fixture
    def exporter(self) -> faulty.InMemory:
        return faulty.InMemory()


for each in (
    faulty.Buffering,
    faulty.Raises,
    faulty.Exits,
    faulty.RaisesOnTraces,
    faulty.RaisesOnTurns,
    faulty.WantsOutputs,
    faulty.WantsUsage,
    faulty.KnowsAllClasses,
    faulty.StopsAtUnknown,
    faulty.WantsContext,
    faulty.BoundToItsThread,
    faulty.CaptureRaises,
    faulty.ChangesEvents,
    faulty.Loses,
    faulty.LosesSome,
    faulty.OfFailedRuns,
    faulty.OneRunPerBatch,
    faulty.FlushesLater,
    faulty.CannotFlush,
    faulty.Repeats,
    faulty.SecondShutdownRaises,
    faulty.SecondShutdownRepeats,
    faulty.WantsAnEvent,
    faulty.StartRaises,
    faulty.ConnectsInStart,
    faulty.CapturesSlowly,
    faulty.AddsALogHandler,
    faulty.SetsAVariable,
    faulty.PatchesTheSdk,
    faulty.LeaksToAFile,
    faulty.LeaksToTheTerminal,
    faulty.LeaksToTheLog,
    faulty.LeaksToTheNetwork,
    faulty.DiesAfterFork,
    faulty.RaisesAfterFork,
    faulty.SilentAfterFork,
    faulty.ExportsTheParents,
    faulty.ChecksWrongly,
    faulty.Misspelt,
    faulty.Wraps,
    faulty.Unmarked,
    faulty.MarksSome,
    faulty.ExportsCreatedRuns,
    faulty.InADatabase,
):
    globals()[f"Test{each.__name__}"] = suite(each)

for hanging in (
    faulty.HangsInStart,
    faulty.HangsInExport,
    faulty.HangsInFlush,
    faulty.HangsInShutdown,
    faulty.SecondShutdownHangs,
    faulty.HangsAfterFork,
    faulty.KeepsTheProcess,
):
    globals()[f"Test{hanging.__name__}"] = suite(hanging, deadline_seconds=HANGS_AFTER)


TestLeaksOfFailedRuns = suite(faulty.LeaksOfFailedRuns, sample="failed")
TestStartsSlowly = suite(faulty.StartsSlowly, start_seconds=0.05)


class TestWritesTwice(Patient):
    @pytest.fixture
    def exporter(self, tmp_path: Path) -> faulty.WritesTwice:
        self.path = tmp_path / "runs.txt"
        return faulty.WritesTwice(self.path)

    delivered = delivered


class TestDropsTheLast(Patient):
    @pytest.fixture
    def exporter(self, tmp_path: Path) -> faulty.DropsTheLast:
        self.path = tmp_path / "runs.txt"
        return faulty.DropsTheLast(self.path)

    delivered = delivered


class TestOfFailedRunsInMemory(Patient):
    """An author who says what was delivered, and forgets to say that only failed runs are."""

    @pytest.fixture
    def exporter(self) -> faulty.InMemory:
        self.memory = faulty.InMemory()
        return self.memory

    def delivered(self) -> list[str]:
        return self.memory.failed


class TestDeliveredLooksElsewhere(Patient):
    @pytest.fixture
    def exporter(self, tmp_path: Path) -> faulty.Healthy:
        return faulty.Healthy(tmp_path / "runs.txt")

    def delivered(self) -> list[str]:
        return ["run_of_another_day"]


class TestSharesTheConnection(Patient):
    @pytest.fixture
    def exporter(self, tmp_path: Path) -> Iterator[faulty.SharesTheConnection]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            yield faulty.SharesTheConnection(tmp_path / "runs.txt", server.getsockname())


class TestIgnoresTheLoss(Patient):
    @pytest.fixture
    def exporter(self, tmp_path: Path) -> faulty.IgnoresTheLoss:
        return faulty.IgnoresTheLoss(tmp_path / "runs.txt")

    @pytest.fixture
    def exporter_with_dead_backend(self) -> faulty.IgnoresTheLoss:
        return faulty.IgnoresTheLoss(FULL_DISK)


class TestHangsInCheck(Patient):
    deadline_seconds = HANGS_AFTER

    @pytest.fixture
    def exporter(self, tmp_path: Path) -> faulty.Healthy:
        return faulty.Healthy(tmp_path / "runs.txt")

    @pytest.fixture
    def exporter_with_dead_backend(self) -> faulty.HangsInCheck:
        return faulty.HangsInCheck(FULL_DISK)


class TestHangsWithDeadBackend(Patient):
    deadline_seconds = HANGS_AFTER

    @pytest.fixture
    def exporter(self, tmp_path: Path) -> faulty.Healthy:
        return faulty.Healthy(tmp_path / "runs.txt")

    @pytest.fixture
    def exporter_with_dead_backend(self, tmp_path: Path) -> faulty.HangsInExport:
        return faulty.HangsInExport(tmp_path / "runs.txt")


class TestEffectsAtImport(Patient):
    """Imported here, in this process, as late as possible: it has effects."""

    @pytest.fixture
    def exporter(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
        monkeypatch.chdir(tmp_path)
        from testing.faulty_import import Exporter

        return Exporter(tmp_path / "runs.txt")


class TestTakenOut(Patient):
    """An author who would rather not know."""

    @pytest.fixture
    def exporter(self, tmp_path: Path) -> faulty.Healthy:
        return faulty.Healthy(tmp_path / "runs.txt")

    test_survives_a_fork = None  # type: ignore[assignment]  # the fault

    def test_loses_nothing(self) -> None:  # type: ignore[override]  # the fault
        """Nothing."""

    @pytest.mark.xfail(reason="the disk is not ours")
    def test_repeats_nothing(self, conformance_case: Any) -> None:
        super().test_repeats_nothing(conformance_case)
        pytest.fail("as expected")
