"""``ExporterConformance``: the tests of the conformance kit, which authors of exporters subclass."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from threadtrail.testing.conformance import (
    app_side,
    content,
    dead_backend,
    delivering,
    forking,
    importing,
    rules,
    taking,
)
from threadtrail.testing.conformance.author import silently_overridden
from threadtrail.testing.conformance.case import Case
from threadtrail.testing.conformance.problem import NOT_CHECKED

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


class ExporterConformance:
    """Tests whether an exporter keeps the rules. Subclass it and define a fixture ``exporter``.

        class TestRunTable(ExporterConformance):
            @pytest.fixture
            def exporter(self, tmp_path):
                return RunTable(path=tmp_path / "runs.csv")

    Each test starts and shuts down an exporter of its own. Let the exporter write its files under
    ``tmp_path``, where the kit reads them.
    """

    deadline_seconds: ClassVar[float] = 20.0
    """The time after which a hook counts as hanging."""

    start_seconds: ClassVar[float] = 10.0
    """The maximum time of ``start``; the default suffices to import a large SDK on a slow machine."""

    sample: ClassVar[str] = "plain_answer"
    """The sample run that is published many times. It must be one that the exporter exports."""

    @pytest.fixture
    def exporter(self) -> object:
        """A new exporter, not started, with a backend that accepts everything. Required."""
        pytest.fail("define a fixture `exporter` in your class that returns a new exporter", pytrace=False)

    @pytest.fixture
    def exporter_with_dead_backend(self) -> object:
        """A new exporter whose backend is unavailable, refuses or never answers. Optional."""
        pytest.skip(
            f"{NOT_CHECKED}define a fixture `exporter_with_dead_backend` in your class that returns an "
            "exporter whose backend is unavailable (a closed port, a full disk)"
        )

    def delivered(self) -> Collection[str] | None:
        """Return the id of each run that arrived at the backend, once per arrival. Optional."""
        return None

    def written(self) -> str | bytes | None:
        """Return everything that the backend received, if the kit cannot see it. Optional."""
        return None

    @pytest.fixture
    def conformance_case(self, request: pytest.FixtureRequest, tmp_path: Path) -> Case:
        """The exporter under test, and the means to drive it."""
        return Case(self, request, tmp_path)

    def __init_subclass__(cls) -> None:
        """Refuse a class that overrides the test which finds overridden tests."""
        name = "test_no_rule_is_overridden"
        if name in vars(cls):
            raise TypeError(f"{cls.__name__}.{name}: this test cannot be overridden")

    def test_no_rule_is_overridden(self) -> None:
        """Every rule is checked: a test of the kit is overridden only with ``xfail`` and a reason."""
        overridden = list(silently_overridden(ExporterConformance, type(self)))
        if overridden:
            pytest.fail(
                f"{type(self).__name__} overrides {', '.join(overridden)}. If the exporter cannot keep a "
                "rule, override its test with @pytest.mark.xfail(reason=...), and call super() in it.",
                pytrace=False,
            )

    def test_hooks_are_valid(self, conformance_case: Case) -> None:
        """Every hook exists, is a plain function, and is marked with ``@threadtrail.hookimpl``."""
        conformance_case.judge(taking.hooks_are_valid, rules.HOOKS)

    def test_leaves_the_process_as_it_was(self, conformance_case: Case) -> None:
        """Nothing global is changed: no provider, handler, hook or variable, and nothing in the SDK."""
        conformance_case.judge(app_side.leaves_the_process, rules.STATE)

    def test_never_hangs(self, conformance_case: Case) -> None:
        """Every hook returns in time."""
        conformance_case.judge(delivering.never_hangs, rules.NEVER_HANGS)

    def test_starts_nothing_at_import(self, conformance_case: Case) -> None:
        """Importing the exporter's module starts, connects, writes and patches nothing."""
        conformance_case.judge(importing.starts_nothing_at_import, rules.IMPORT)

    def test_starts(self, conformance_case: Case) -> None:
        """``start`` neither raises nor opens a connection."""
        conformance_case.judge(app_side.starts, rules.STARTS)

    def test_takes_every_event_class(self, conformance_case: Case) -> None:
        """``export`` takes an event of every class without raising."""
        conformance_case.judge(taking.every_event_class, rules.TAKES_EVENTS)

    def test_takes_every_kind_of_run(self, conformance_case: Case) -> None:
        """``export`` takes runs of every status, and turns, with unusual text and with missing values."""
        conformance_case.judge(taking.every_kind_of_run, rules.TAKES_RUNS)

    def test_works_in_its_threads(self, conformance_case: Case) -> None:
        """``export``, ``flush`` and ``shutdown`` work in a thread other than that of ``start``."""
        conformance_case.judge(taking.its_threads, rules.THREADS)

    def test_takes_events_without_context(self, conformance_case: Case) -> None:
        """``export`` takes ``None`` instead of what ``capture_context`` returns."""
        conformance_case.judge(taking.events_without_context, rules.CONTEXT)

    def test_leaves_events_as_they_are(self, conformance_case: Case) -> None:
        """``export`` does not change the events, which other exporters get as well."""
        conformance_case.judge(taking.events_stay_as_they_are, rules.UNCHANGED)

    def test_does_not_block_the_app(self, conformance_case: Case) -> None:
        """``start`` and ``capture_context`` are quick, since the application waits for them."""
        conformance_case.judge(app_side.does_not_block, rules.NO_BLOCKING)

    def test_loses_nothing(self, conformance_case: Case) -> None:
        """Every exported event has arrived after ``flush`` and after ``shutdown``."""
        conformance_case.judge(delivering.loses_nothing, rules.LOSES)

    def test_repeats_nothing(self, conformance_case: Case) -> None:
        """Every exported event arrives once."""
        conformance_case.judge(delivering.repeats_nothing, rules.REPEATS)

    def test_ignores_unknown_event_classes(self, conformance_case: Case) -> None:
        """``export`` ignores events of classes that it does not know."""
        conformance_case.judge(taking.unknown_event_class, rules.UNKNOWN)

    def test_writes_no_content_when_content_is_off(self, conformance_case: Case) -> None:
        """With ``capture_content=False`` no content is written anywhere."""
        conformance_case.judge(content.writes_no_content, rules.CONTENT)

    def test_survives_a_shutdown_without_events(self, conformance_case: Case) -> None:
        """``shutdown`` works if nothing was exported."""
        conformance_case.judge(delivering.shutdown_without_events, rules.EMPTY)

    def test_survives_a_second_shutdown(self, conformance_case: Case) -> None:
        """``shutdown`` does nothing when it is called again."""
        conformance_case.judge(delivering.second_shutdown, rules.SECOND)

    def test_survives_a_fork(self, conformance_case: Case) -> None:
        """After a fork, parent and child each deliver their own events, once."""
        conformance_case.judge(forking.survives_a_fork, rules.FORK)

    def test_check_finds_nothing_wrong(self, conformance_case: Case) -> None:
        """``check``, if there is one, finds nothing wrong with a backend that accepts everything."""
        conformance_case.judge(app_side.check_finds_nothing_wrong, rules.CHECK)

    def test_survives_a_dead_backend(self, conformance_case: Case) -> None:
        """With an unavailable backend nothing hangs, and the loss is reported."""
        conformance_case.judge(dead_backend.survives_a_dead_backend, rules.DEAD)
