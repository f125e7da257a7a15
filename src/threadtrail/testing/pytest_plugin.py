"""Fixtures for tests of applications and of exporters; pytest loads them wherever threadtrail is installed.

Every run of pytest in that environment loads this module, so it imports nothing until a fixture is used.
"""

from __future__ import annotations

import sys
from collections import Counter
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.events import Event
    from threadtrail.testing import Captured, OpenAIServer
    from threadtrail.values import Run


def pytest_configure() -> None:
    """Begin without modules that were removed, also in a session that a test runs with ``pytester``."""
    _forget_removed_modules()


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Leave no modules to the next test that a session within this one imported."""
    if "pytester" in getattr(item, "fixturenames", ()):
        _forget_removed_modules()


def _forget_removed_modules() -> None:
    """Delete modules of threadtrail that are no longer in ``sys.modules`` from the packages that stayed.

    ``pytester`` removes what a session within a test imports. Afterwards ``from threadtrail import events``
    would find the removed module and ``import threadtrail.events`` load another one: of each class there
    would be two, and nothing would be recorded.
    """
    for name, package in list(sys.modules.items()):
        if name.partition(".")[0] == "threadtrail" and hasattr(package, "__path__"):
            for attribute, value in list(vars(package).items()):
                is_submodule = isinstance(value, ModuleType) and value.__name__ == f"{name}.{attribute}"
                if is_submodule and value.__name__ not in sys.modules:
                    delattr(package, attribute)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write how many rules of the conformance kit were not checked, since a skip is easily overlooked."""
    if terminalreporter.hasopt("skipped"):
        return  # pytest lists them with their reasons
    unchecked = Counter(
        report.nodeid.split("::")[-2]
        for report in terminalreporter.stats.get("skipped", ())
        if "::test_" in report.nodeid and _is_not_checked(report)
    )
    for name, count in unchecked.items():
        rules = "1 rule was" if count == 1 else f"{count} rules were"
        terminalreporter.write_line(
            f"threadtrail: {name}: {rules} not checked; run pytest -rs to see what to add."
        )


def _is_not_checked(report: pytest.TestReport) -> bool:
    from threadtrail.testing.conformance.problem import NOT_CHECKED  # noqa: PLC0415 - imported only if a test was skipped

    # For a skipped test, `longrepr` is the file, the line and the reason.
    return isinstance(report.longrepr, tuple) and report.longrepr[2].startswith(f"Skipped: {NOT_CHECKED}")


@pytest.fixture
def openai_server() -> Iterator[OpenAIServer]:
    """A running local OpenAI API: ``OpenAI(base_url=openai_server.base_url, api_key="sk-local")``."""
    from threadtrail.testing import OpenAIServer  # noqa: PLC0415 - imported only for tests that use the fixture

    with OpenAIServer() as server:
        yield server


@pytest.fixture
def assistants_server(openai_server: OpenAIServer) -> OpenAIServer:
    """The same server as ``openai_server``, under its first name."""
    return openai_server


@pytest.fixture
def captured_events() -> Iterator[Captured]:
    """What the test does with the API: ``captured_events.events``, ``.runs``, ``.run()``."""
    from threadtrail.testing import capture  # noqa: PLC0415 - as above

    with capture() as captured:
        yield captured


@pytest.fixture
def sample_events() -> tuple[Event, ...]:
    """At least one event of every class, in a realistic order."""
    from threadtrail.testing import samples  # noqa: PLC0415 - as above

    return samples.sample_events()


@pytest.fixture
def sample_runs() -> dict[str, Run]:
    """Sample runs by name, such as ``sample_runs["failed"]``; each ends or proceeds differently."""
    from threadtrail.testing import samples  # noqa: PLC0415 - as above

    return samples.sample_runs()
