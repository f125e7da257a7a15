"""The fixtures that pytest offers wherever threadtrail is installed, and what it costs not to use them."""

from __future__ import annotations

import pytest

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
    heavy = ("openai", "pydantic", "starlette", "uvicorn", "rich", "wrapt", "threadtrail.settings")
    assert [name for name in heavy if name in sys.modules] == []

def test_nothing_is_changed(request):
    assert not [name for name in request.fixturenames if "threadtrail" in name or "server" in name]
"""


@pytest.mark.slow
def test_the_fixtures_work_together(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(IN_AN_APPLICATION)
    pytester.runpytest_subprocess("-q").assert_outcomes(passed=3)


@pytest.mark.slow
def test_nothing_heavy_is_imported_until_a_fixture_is_asked_for(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(LIGHT)
    pytester.runpytest_subprocess("-q").assert_outcomes(passed=2)


def test_each_fixture_says_what_it_gives(pytester: pytest.Pytester) -> None:
    listed = pytester.runpytest_inprocess("--fixtures", "-q", "-p", "no:asyncio").stdout.str()
    for words in (
        "assistants_server -- ",
        "captured_events -- ",
        "sample_events -- ",
        "sample_runs -- ",
        "A running local Assistants API",
    ):
        assert words in listed


def test_an_author_who_forgets_the_fixture_is_told(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "from threadtrail.testing import ExporterConformance as Kit\nclass TestMine(Kit): pass\n"
    )
    result = pytester.runpytest_inprocess("-q", "-p", "no:asyncio", "-k", "test_never_hangs")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*give your class a fixture `exporter` that returns a new exporter*"])
