"""Healthy exporters pass the conformance kit, and each faulty one fails the rule about its fault."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from threadtrail import _install
from threadtrail.testing import ExporterConformance

HERE = Path(__file__).parent
SUITE = HERE / "faulty_suite.py"
PATIENCE = 1200.0
RULES = {name for name in vars(ExporterConformance) if name.startswith("test_")}

IMPORT = "test_starts_nothing_at_import"

# Each probe of an import is a process of its own, the same for all whose fault is elsewhere.
CHOSEN = f"not {IMPORT} or AtImport or (TestHealthy and not Of and not But)"

FAULTS = {
    "TestRaises": ("test_takes_every_event_class", "AssistantCreated: export() raised RuntimeError: no;"),
    "TestExits": ("test_takes_every_event_class", "AssistantCreated: export() raised SystemExit: cannot go"),
    "TestRaisesOnTraces": (
        "test_takes_every_event_class",
        "seen: TraceStarted: export() raised AttributeError: run_id; TraceEnded: ",
    ),
    "TestRaisesOnTurns": (
        "test_takes_every_event_class",
        "seen: TurnEnded: export() raised AttributeError: run_id.",
    ),
    "TestWantsOutputs": (
        "test_takes_every_kind_of_run",
        "a turn with 'an output that comes late': export() raised TypeError",
    ),
    "TestWantsUsage": ("test_takes_every_kind_of_run", "'NoneType' object has no attribute 'total_tokens'"),
    "TestKnowsAllClasses": ("test_ignores_unknown_event_classes", "export() raised KeyError"),
    "TestStopsAtUnknown": ("test_ignores_unknown_event_classes", "the run after the unknown event did not"),
    "TestWantsContext": ("test_takes_events_without_context", "with None in contexts, export() raised"),
    "TestBoundToItsThread": ("test_works_in_its_threads", "object has no attribute 'connection'"),
    "TestCaptureRaises": ("test_works_in_its_threads", "capture_context() raised LookupError: no active"),
    "TestChangesEvents": (
        "test_leaves_events_as_they_are",
        "export() changed these events: AssistantCreated",
    ),
    "TestLoses": ("test_loses_nothing", "19 of 31 runs did not arrive, or only in part: run_conformance002,"),
    "TestLosesSome": (
        "test_loses_nothing",
        "3 of 31 runs did not arrive, or only in part: run_conformance007,",
    ),
    "TestDropsTheLast": ("test_loses_nothing", "did not arrive, or only in part: run_conformance001,"),
    "TestOfFailedRuns": (
        "test_loses_nothing",
        "no run of the sample 'plain_answer' arrived, but runs of these samples did: ",
    ),
    "TestOfFailedRunsInMemory": (
        "test_loses_nothing",
        "but runs of these samples did: failed, failed_response.",
    ),
    "TestDeliveredLooksElsewhere": (
        "test_loses_nothing",
        "none of 31 runs arrived, nor did a run of any other sample",
    ),
    "TestOneRunPerBatch": ("test_loses_nothing", "did not arrive, or only in part: run_conformance003, run"),
    "TestFlushesLater": ("test_loses_nothing", "run_conformance001 had not arrived when flush() returned"),
    "TestCannotFlush": ("test_loses_nothing", "flush() returned False"),
    "TestRepeats": ("test_repeats_nothing", "31 of 31 runs arrived more than once"),
    "TestWritesTwice": ("test_repeats_nothing", "31 of 31 runs arrived more than once"),
    "TestSecondShutdownRaises": ("test_survives_a_second_shutdown", "RuntimeError: closed already"),
    "TestSecondShutdownHangs": (
        "test_survives_a_second_shutdown",
        "a second shutdown had not returned after 2 s",
    ),
    "TestSecondShutdownRepeats": ("test_survives_a_second_shutdown", "wrote the last run again"),
    "TestWantsAnEvent": ("test_survives_a_shutdown_without_events", "object has no attribute 'last'"),
    "TestHangsInStart": ("test_never_hangs", "start had not returned after 2 s. It is at"),
    "TestHangsInExport": ("test_never_hangs", "export or flush had not returned after 2 s. It is at"),
    "TestHangsInFlush": ("test_never_hangs", "in flush: FOREVER.wait()"),
    "TestHangsInShutdown": ("test_never_hangs", "in shutdown: FOREVER.wait()"),
    "TestStartRaises": ("test_starts", "start() raised OSError"),
    "TestConnectsInStart": ("test_starts", "start() connected to 127.0.0.1:9"),
    "TestStartsSlowly": ("test_does_not_block_the_app", "start() took "),
    "TestCapturesSlowly": ("test_does_not_block_the_app", "capture_context() took "),
    "TestAddsALogHandler": ("test_leaves_the_process_as_it_was", "the handlers of the root logger: replaced"),
    "TestSetsAVariable": ("test_leaves_the_process_as_it_was", "variable FAULTY_EXPORTER: added"),
    "TestPatchesTheSdk": ("test_leaves_the_process_as_it_was", ".messages.Messages.create: replaced"),
    "TestKeepsTheProcess": (
        "test_leaves_the_process_as_it_was",
        "threads: left running after shutdown (keeps-on)",
    ),
    "TestLeaksToAFile": (
        "test_writes_no_content_when_content_is_off",
        "conformance-secret-question in the file runs.log",
    ),
    "TestLeaksOfFailedRuns": (
        "test_writes_no_content_when_content_is_off",
        "conformance-secret-question in the file runs.log",
    ),
    "TestLeaksToTheTerminal": ("test_writes_no_content_when_content_is_off", "question in the terminal"),
    "TestLeaksToTheLog": ("test_writes_no_content_when_content_is_off", "question in the log"),
    "TestLeaksToTheNetwork": ("test_writes_no_content_when_content_is_off", "question in connection 1 to"),
    "TestDiesAfterFork": ("test_survives_a_fork", "the forked child died with exit code 3"),
    "TestHangsAfterFork": ("test_survives_a_fork", "in the forked child, export or flush had not returned"),
    "TestRaisesAfterFork": ("test_survives_a_fork", "in the forked child, export() raised BrokenPipeError"),
    "TestSilentAfterFork": ("test_survives_a_fork", "the child's run (run_conformance003) did not arrive"),
    "TestExportsTheParents": ("test_survives_a_fork", "a run whose trace was open at the fork"),
    "TestSharesTheConnection": ("test_survives_a_fork", "sent over the connection that its parent uses"),
    "TestIgnoresTheLoss": ("test_survives_a_dead_backend", "24 events count as delivered"),
    "TestHangsInCheck": ("test_survives_a_dead_backend", "seen: check had not returned after 2 s."),
    "TestHangsWithDeadBackend": ("test_survives_a_dead_backend", "export or flush had not returned"),
    "TestChecksWrongly": ("test_check_finds_nothing_wrong", "check() raised RuntimeError: I cannot tell"),
    "TestMisspelt": (
        "test_hooks_are_valid",
        "there is no hook 'shut_down'.\n  fix: Did you mean 'shutdown'?",
    ),
    "TestWraps": ("test_hooks_are_valid", "its hook 'flush' is a wrapper"),
    "TestUnmarked": (
        "test_hooks_are_valid",
        "its method export is not marked.\n  fix: Put @threadtrail.hookimpl",
    ),
    "TestMarksSome": (
        "test_hooks_are_valid",
        (
            "these of its methods are not marked, so they are never called: start, shutdown.\n"
            "  fix: Put @threadtrail.hookimpl above each, or rename what is no hook."
        ),
    ),
    "TestEffectsAtImport": (IMPORT, "importing testing.faulty_import had effects: "),
    "TestTakenOut": (
        "test_no_rule_is_overridden",
        "overrides test_loses_nothing, test_survives_a_fork. If",
    ),
}
HEALTHY = {
    "TestHealthy",
    "TestHealthyOfFailedRuns",
    "TestHealthyOfFailedRunsInAFile",
    "TestHealthyButPatient",
    "TestHealthyButUnseen",
    "TestBuffering",
}
UNSEEN = {"TestHealthyButUnseen", "TestExportsCreatedRuns", "TestInADatabase"}

# The suite is run whole, in a process of its own, by the first test that wants its outcomes.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(PATIENCE)]


@dataclass(frozen=True)
class Outcome:
    kind: str
    text: str


Outcomes = dict[str, dict[str, Outcome]]


def run_suite(report: Path, *arguments: str, before: str = "pass") -> Outcomes:
    """Run the suite in a process of its own; give its outcomes by class and test."""
    program = f"import sys, pytest; {before}; sys.exit(pytest.main(sys.argv[1:]))"
    command = [
        sys.executable,
        "-c",
        program,
        str(SUITE),
        "-q",
        "-p",
        "no:cacheprovider",
        f"--junitxml={report}",
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [*command, *arguments],
        env=environment,
        cwd=HERE.parent.parent,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert report.exists(), done.stdout + done.stderr
    outcomes: Outcomes = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it, just now
        marks = [child for child in case if child.tag in {"failure", "error", "skipped"}]
        texts = [f"{mark.get('message')}\n{mark.text}" for mark in marks]
        kind = marks[0].tag if marks else "passed"
        of_class = outcomes.setdefault(str(case.get("classname")).rpartition(".")[2], {})
        of_class[str(case.get("name"))] = Outcome(kind, "\n".join(texts))
    return outcomes


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    return run_suite(tmp_path_factory.mktemp("suite") / "report.xml", "-k", CHOSEN)


def of_kind(outcomes: dict[str, Outcome], *kinds: str) -> dict[str, str]:
    return {test: outcome.text for test, outcome in outcomes.items() if outcome.kind in kinds}


def test_every_class_of_the_suite_is_looked_at(outcomes: Outcomes) -> None:
    assert outcomes.keys() == FAULTS.keys() | HEALTHY | UNSEEN


def test_every_rule_has_an_exporter_that_breaks_it() -> None:
    assert {rule for rule, _ in FAULTS.values()} == RULES


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found_by_its_rule_alone(outcomes: Outcomes, name: str) -> None:
    rule, words = FAULTS[name]
    found = of_kind(outcomes[name], "failure", "error")
    assert list(found) == [rule]
    assert words in found[rule]
    for reason in of_kind(outcomes[name], "skipped").values():
        explained = "exporter_with_dead_backend" in reason or f"Fix first: {rule}" in reason
        assert explained or "the disk is not ours" in reason, reason


@pytest.mark.parametrize(
    "effect",
    [
        "it used the network (socket.connect: ('127.0.0.1', 9))",
        "it left a socket open (<socket.socket fd=",
        "it started a thread (from-import)",
        "it left the file exporter.log",
        "it wrote to stdout ('thank you for choosing this exporter')",
        "it changed sys.excepthook (replaced)",
        "it changed openai.resources.beta.threads.runs.runs.Runs.create (replaced)",
    ],
)
def test_each_effect_of_an_import_is_reported(outcomes: Outcomes, effect: str) -> None:
    assert effect in outcomes["TestEffectsAtImport"][IMPORT].text


@pytest.mark.parametrize("name", sorted(FAULTS.keys() - {"TestTakenOut"}))
def test_a_failure_shows_rule_and_fix_without_a_traceback_of_the_kit(outcomes: Outcomes, name: str) -> None:
    (text,) = of_kind(outcomes[name], "failure").values()
    assert "\n  seen: " in text
    assert "\n  fix: " in text
    assert f"{FAULTS[name][0]}: " in text
    _, _, traceback = text.partition("\n\nTraceback")
    assert "in judge" not in text
    assert "testing/conformance/" not in traceback
    assert "threadtrail/delivery/" not in traceback


def test_fixes_tell_what_is_counted_and_which_hooks_get_a_timeout(outcomes: Outcomes) -> None:
    ignoring = outcomes["TestIgnoresTheLoss"]["test_survives_a_dead_backend"].text
    assert "threadtrail.flush() then returns False, but these events are not counted" in ignoring
    hanging = outcomes["TestHangsInCheck"]["test_survives_a_dead_backend"].text
    assert "flush(), shutdown() and check() get theirs as an argument" in hanging


def test_the_fix_names_what_is_missing_in_the_run(outcomes: Outcomes) -> None:
    text = outcomes["TestWantsUsage"]["test_takes_every_kind_of_run"].text
    assert "fix: in the first of these, run.output is (), run.steps is (), run.usage is None: expect" in text
    assert ", in write\n" in text


@pytest.mark.parametrize("name", ["TestOfFailedRuns", "TestOfFailedRunsInMemory"])
def test_an_exporter_of_some_runs_gets_a_hint_to_set_the_sample(outcomes: Outcomes, name: str) -> None:
    fix = outcomes[name]["test_loses_nothing"].text.partition("fix: ")[2]
    assert 'set `sample = "failed"` in your test class' in fix
    # Where the ids might be in what cannot be seen, there is another cause.
    assert ("define `def delivered(self)`" in fix) == (name == "TestOfFailedRuns")


@pytest.mark.parametrize("name", sorted(HEALTHY | UNSEEN))
def test_a_healthy_exporter_passes(outcomes: Outcomes, name: str) -> None:
    assert not of_kind(outcomes[name], "failure", "error")


def test_with_all_that_an_author_can_give_every_rule_is_checked(outcomes: Outcomes) -> None:
    assert set(of_kind(outcomes["TestHealthy"], "passed")) == RULES


@pytest.mark.parametrize("name", ["TestBuffering", "TestHealthyOfFailedRunsInAFile"])
def test_with_one_fixture_all_but_the_dead_backend_is_checked(outcomes: Outcomes, name: str) -> None:
    assert set(of_kind(outcomes[name], "skipped")) == {"test_survives_a_dead_backend"}
    assert set(of_kind(outcomes[name], "passed")) | {IMPORT} == RULES - {"test_survives_a_dead_backend"}


def test_what_cannot_be_checked_is_skipped_and_says_what_to_add(outcomes: Outcomes) -> None:
    skipped = of_kind(outcomes["TestHealthyButUnseen"], "skipped")
    assert skipped.keys() == {
        "test_loses_nothing",
        "test_repeats_nothing",
        "test_survives_a_fork",
        "test_survives_a_dead_backend",
        "test_writes_no_content_when_content_is_off",
    }
    for rule in ("test_loses_nothing", "test_repeats_nothing", "test_survives_a_fork"):
        assert "define `def delivered(self)`" in skipped[rule]
        assert '`sample = "failed"`' in skipped[rule]
    assert "define `def written(self)`" in skipped["test_writes_no_content_when_content_is_off"]
    assert "a fixture `exporter_with_dead_backend`" in skipped["test_survives_a_dead_backend"]


def test_without_the_extra_one_rule_says_that_it_needs_it(tmp_path: Path) -> None:
    outcomes = run_suite(
        tmp_path / "report.xml",
        *("-k", "TestBuffering and not import"),
        before="sys.modules['uvicorn'] = sys.modules['starlette'] = None",
    )
    skipped = of_kind(outcomes["TestBuffering"], "skipped")
    reason = skipped.pop("test_writes_no_content_when_content_is_off")
    assert _install.extra_command("testing") in reason
    assert skipped.keys() == {"test_survives_a_dead_backend"}
    assert len(of_kind(outcomes["TestBuffering"], "passed")) == len(RULES) - 3


def test_a_rule_picked_by_itself_still_fails_loudly(tmp_path: Path) -> None:
    """It would be skipped as explained only if the test that explains it had failed before."""
    outcomes = run_suite(tmp_path / "report.xml", "-k", "TestRaises and test_loses_nothing")
    (text,) = of_kind(outcomes["TestRaises"], "failure").values()
    assert "test_works_in_its_threads: " in text
    assert "export() raised RuntimeError: no" in text
