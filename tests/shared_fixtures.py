"""What the core's tests and the exporters' suites share: a server, a client, a clean environment."""

from __future__ import annotations

import copy
import gc
import os
import threading
from functools import wraps
from typing import TYPE_CHECKING, Any

import pytest
from openai import DefaultHttpxClient, OpenAI

import threadtrail
from threadtrail._guard import guard
from threadtrail.delivery.lane import Lane
from threadtrail.testing import AssistantsServer

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

PATIENCE = 200.0
"""Seconds that a test waits for what comes at once: a bound for a broken build, not a measure."""

SETTINGS = ("THREADTRAIL_", "OTEL_", "LANGFUSE_", "AGENTOPS_")
"""How the environment variables begin that configure threadtrail or a backend's SDK."""


@pytest.hookimpl(wrapper=True)
def freeze_what_is_collected() -> Generator[None, object, object]:
    """Collect no garbage while tests are imported, and later none of what was: that takes a third."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="module", autouse=True)
def end_of_file(pytestconfig: pytest.Config) -> Iterator[None]:
    """Collect the garbage that the tests of a file leave; only where a conftest takes this fixture over.

    What they leave open is an error of their own file then, and later collections do not look at what stays.
    Files of which little is run leave little, and that is part of no test's cost.
    """
    yield
    if not pytestconfig.getoption("--first-cases"):
        gc.collect()
        gc.freeze()


def remove_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove these variables from the environment."""
    for name in list(os.environ):
        if name.upper().startswith(SETTINGS):
            monkeypatch.delenv(name)


def settle_at_a_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs that have ended wait until somebody flushes, however late the app makes its last calls."""
    monkeypatch.setenv("THREADTRAIL_SETTLE_SECONDS", "600")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin each test without settings but one; only where a conftest takes this fixture over."""
    remove_settings(monkeypatch)
    settle_at_a_flush(monkeypatch)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `flush` and `shutdown` take as long as they do on a machine that is busy with other things.

    Only where a test does not say how long, and where a conftest takes this fixture over.
    """
    for function in (threadtrail.flush, threadtrail.shutdown):
        monkeypatch.setattr(function, "__defaults__", (PATIENCE,))


@pytest.fixture(autouse=True)
def clients_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close the clients that a test or a page's program leaves open; only where a conftest takes this over.

    The SDK closes a client that is thrown away, but the garbage collector may come to its sockets first.
    Each of them is an error then: seldom, and of whichever test runs.
    """
    opened: list[Any] = []
    make = OpenAI.__init__

    @wraps(make)
    def make_and_note(self: OpenAI, *arguments: Any, **options: Any) -> None:
        make(self, *arguments, **options)
        opened.append(self._client)

    monkeypatch.setattr(OpenAI, "__init__", make_and_note)
    yield
    for client in opened:
        client.close()


@pytest.fixture(autouse=True)
def workers_ended(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """End what a test leaves in force, and see that no thread of ours outlives it.

    A worker that is late would export, and log, while another test runs. Only where a conftest takes this
    fixture over.
    """
    before, lanes = set(threading.enumerate()), list[Lane]()
    make, fork = Lane.__init__, Lane.after_fork_in_child

    @wraps(make)
    def make_and_note(self: Lane, *arguments: Any, **options: Any) -> None:
        make(self, *arguments, **options)
        lanes.append(self)

    def fork_and_note(self: Lane) -> None:
        # A test that calls this by hand has the parent's worker in its own process.
        lanes.append(copy.copy(self))
        fork(self)

    monkeypatch.setattr(Lane, "__init__", make_and_note)
    monkeypatch.setattr(Lane, "after_fork_in_child", fork_and_note)
    yield
    threadtrail.uninstrument()
    for lane in lanes:
        lane.shutdown(PATIENCE)
    ours = [each for each in threading.enumerate() if each.name.startswith("threadtrail-")]
    for thread in set(ours) - before:
        thread.join(PATIENCE)
        assert not thread.is_alive(), f"{thread.name} outlives the test that started it"


def plain_client(server: AssistantsServer, **options: Any) -> OpenAI:
    """Return a client of the server. It reads no certificates: that takes 25 ms, and nothing is encrypted."""
    plain = DefaultHttpxClient(verify=False)
    return OpenAI(base_url=server.base_url, api_key="sk-local", http_client=plain, **options)


@pytest.fixture
def server() -> Iterator[AssistantsServer]:
    with AssistantsServer() as running:
        yield running


@pytest.fixture
def client_without_retries(server: AssistantsServer) -> Iterator[OpenAI]:
    with plain_client(server, max_retries=0) as client:
        yield client


@pytest.fixture
def strict() -> Iterator[None]:
    """Raise at the end of the test what threadtrail kept from the application."""
    guard.strict = True
    guard.errors.clear()
    yield
    threadtrail.uninstrument()
    guard.strict = False
    errors, guard.errors = guard.errors, []
    if errors:
        raise BaseExceptionGroup("contained errors", errors)
