"""Fixtures for tests of applications and of exporters; pytest loads them wherever threadtrail is installed.

Every run of pytest in that environment loads this module: it imports nothing until a fixture is asked
for, and changes nothing by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.events import Event
    from threadtrail.testing import AssistantsServer, Captured
    from threadtrail.values import Run


@pytest.fixture
def assistants_server() -> Iterator[AssistantsServer]:
    """A running local Assistants API: ``OpenAI(base_url=assistants_server.base_url, api_key="sk-local")``."""
    from threadtrail.testing import AssistantsServer  # noqa: PLC0415 - only who asks for it pays for it

    with AssistantsServer() as server:
        yield server


@pytest.fixture
def captured_events() -> Iterator[Captured]:
    """What the test does with assistants: ``captured_events.events``, ``.runs``, ``.run()``."""
    from threadtrail.testing import capture  # noqa: PLC0415 - as above

    with capture() as captured:
        yield captured


@pytest.fixture
def sample_events() -> tuple[Event, ...]:
    """At least one event of every class, in an order that a program could have caused."""
    from threadtrail.testing import samples  # noqa: PLC0415 - as above

    return samples.sample_events()


@pytest.fixture
def sample_runs() -> dict[str, Run]:
    """Runs by name, each of which went another way: ``sample_runs["failed"]``."""
    from threadtrail.testing import samples  # noqa: PLC0415 - as above

    return samples.sample_runs()
