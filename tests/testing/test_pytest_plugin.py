"""The fixtures of threadtrail's pytest plugin, and that unused ones cost nothing."""

from __future__ import annotations

import os

import pytest

from fork_server import fork_server

pytest_plugins = ["pytester"]

IN_AN_APPLICATION = """
from openai import OpenAI
import pytest
from threadtrail.events import EVENT_CLASSES, RunEnded
from threadtrail.testing.samples import events_of

@pytest.mark.filterwarnings("ignore:.*deprecated.*:DeprecationWarning")
def test_application(assistants_server, captured_events):
    with OpenAI(base_url=assistants_server.base_url, api_key="sk-local") as client:
        assistant = client.beta.assistants.create(model="gpt-4o")
        client.beta.threads.create_and_run_poll(assistant_id=assistant.id)
    assert captured_events.run().status == "completed"
    assert isinstance(captured_events.events[-1], RunEnded)
    assert "threads.create_and_run" in str(assistants_server.requests)

def test_nothing_is_left_in_force():
    import threadtrail
    assert not threadtrail.status().active

def test_samples(sample_events, sample_runs):
    assert {type(event) for event in sample_events} == set(EVENT_CLASSES)
    assert sample_runs["failed"].failed
    assert events_of(sample_runs["failed"])
"""
LIGHT = """
import sys

def test_what_was_imported():
    assert "threadtrail.testing.pytest_plugin" in sys.modules
    heavy = ("openai", "pydantic", "starlette", "uvicorn", "rich", "wrapt", "threadtrail.config.settings")
    assert [name for name in heavy if name in sys.modules] == []

def test_nothing_is_changed(request):
    assert not [name for name in request.fixturenames if "threadtrail" in name or "server" in name]
"""


WITHIN = """
def test_application(openai_server, captured_events, sample_events):
    from openai import OpenAI
    from threadtrail import events

    with OpenAI(base_url=openai_server.base_url, api_key="sk-local") as client:
        client.responses.create(model="gpt-4o", input="hi")
    assert captured_events.run().status == "completed"
    for event in (captured_events.events[-1], sample_events[-1]):
        assert isinstance(event, events.Event)
"""
OF_A_PLUGIN = f"""
pytest_plugins = ["pytester"]

def test_plugin(pytester):
    pytester.makepyfile({WITHIN!r})
    for _ in range(2):
        pytester.runpytest_inprocess("-p", "no:asyncio").assert_outcomes(passed=1)
"""
UNSEEN = """
import pytest, threadtrail
from threadtrail.testing import ExporterConformance as Kit

class Keeps:
    @threadtrail.hookimpl
    def export(self, events):
        self.events = events

class TestKeeps(Kit):
    @pytest.fixture
    def exporter(self):
        return Keeps()

class Raises:
    @threadtrail.hookimpl
    def export(self, events):
        raise ValueError("no")

class TestRaises(Kit):
    @pytest.fixture
    def exporter(self):
        return Raises()
"""


@pytest.mark.slow
def test_the_fixtures_work_together(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(IN_AN_APPLICATION)
    command = ["-m", "pytest", "-p", "no:cacheprovider"]
    done = fork_server().run(command, cwd=pytester.path, env=os.environ, timeout=240)
    outcomes = pytest.RunResult.parse_summary_nouns(done.stdout.splitlines())
    assert (done.returncode, outcomes["passed"]) == (0, 3), done.stdout


@pytest.mark.slow
def test_nothing_heavy_is_imported_until_a_fixture_is_asked_for(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(LIGHT)
    pytester.runpytest_subprocess("-q").assert_outcomes(passed=2)


@pytest.mark.slow
def test_sessions_within_a_test_leave_nothing_to_the_next(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_a_plugin=OF_A_PLUGIN, test_later=WITHIN)
    pytester.runpytest_subprocess("-q", "-p", "no:asyncio").assert_outcomes(passed=2)


def test_each_fixture_says_what_it_gives(pytester: pytest.Pytester) -> None:
    listed = pytester.runpytest_inprocess("--fixtures", "-q", "-p", "no:asyncio").stdout.str()
    for words in (
        "openai_server -- ",
        "assistants_server -- ",
        "captured_events -- ",
        "sample_events -- ",
        "sample_runs -- ",
        "A running local OpenAI API",
    ):
        assert words in listed


def test_an_author_who_forgets_the_fixture_gets_a_message(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "from threadtrail.testing import ExporterConformance as Kit\nclass TestMine(Kit): pass\n"
    )
    result = pytester.runpytest_inprocess("-q", "-p", "no:asyncio", "-k", "test_never_hangs")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*define a fixture `exporter` in your class that returns a new exporter*"])


def test_the_summary_counts_rules_that_were_not_checked_for_want_of_something(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(UNSEEN)
    rules = "test_takes_every_event_class or test_loses_nothing or test_survives_a_dead_backend"
    arguments = ("-q", "-p", "no:asyncio", "-k", rules)
    result = pytester.runpytest_inprocess(*arguments)
    result.assert_outcomes(passed=1, failed=1, skipped=4)
    lines = [line for line in result.outlines if line.startswith("threadtrail: ")]
    assert lines == [
        "threadtrail: TestKeeps: 2 rules were not checked; run pytest -rs to see what to add.",
        # A rule that waits for the fix of another is not counted, since that one fails.
        "threadtrail: TestRaises: 1 rule was not checked; run pytest -rs to see what to add.",
    ]
    listing = pytester.runpytest_inprocess(*arguments, "-rs").stdout.str()
    assert "not checked yet: export() raised ValueError: no. Fix first: test_takes_every_event" in listing
    assert "pytest -rs" not in listing


def test_without_the_kit_there_is_no_word_of_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("import pytest\ndef test_mine(): pytest.skip('not today')\n")
    assert "threadtrail" not in pytester.runpytest_inprocess("-q", "-p", "no:asyncio").stdout.str()
