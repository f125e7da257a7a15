"""The patched functions can be copied, pickled and taken from their classes like the SDK's own."""

from __future__ import annotations

import copy
import functools
import inspect
import pickle
from types import MethodType
from typing import TYPE_CHECKING, Any

import openai
import pytest
from openai._base_client import BaseSyncPage
from openai.resources.beta.threads.runs import AsyncRuns, Runs

import threadtrail
from driving import new_assistant
from threadtrail.instrumentation.install import patches
from threadtrail.instrumentation.patching import is_ours
from threadtrail.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from threadtrail.testing import Captured

WAYS: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, lambda f: pickle.loads(pickle.dumps(f))]  # noqa: S301 - our own
FUNCTIONS = {
    "Runs.create": Runs.create,
    "AsyncRuns.create": AsyncRuns.create,
    "Stream.close": openai.Stream.close,
}


@pytest.fixture
def instrumented() -> Iterator[None]:
    with threadtrail.instrument(exporters=[]):
        yield


def found(name: str) -> Any:
    owner, _, method = name.partition(".")
    return getattr({"Runs": Runs, "AsyncRuns": AsyncRuns, "Stream": openai.Stream}[owner], method)


@pytest.mark.parametrize("way", WAYS, ids=["copy", "deepcopy", "pickle"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_copy_is_the_function_itself(name: str, way: Callable[[Any], Any], instrumented: None) -> None:
    function = found(name)
    assert function is found(name)
    assert way(function) is function


@pytest.mark.parametrize("way", WAYS, ids=["copy", "deepcopy", "pickle"])
def test_every_patched_method_can_be_copied(way: Callable[[Any], Any], instrumented: None) -> None:
    import importlib

    for row in (row for source in SOURCES for row in source.rows()):
        owner = getattr(importlib.import_module(row.resource.module), row.resource.name)
        function = getattr(owner, row.method.name)
        assert way(function) is function, patches.patched


def test_a_page_whose_function_is_called_on_the_class(client: openai.OpenAI, recorded: Captured) -> None:
    for number in range(3):
        client.beta.assistants.create(model="gpt-4o", name=f"assistant {number}")
    first = client.beta.assistants.list(limit=2)
    following = BaseSyncPage.get_next_page(first)
    assert len(following.data) == 1


async def test_a_stream_whose_close_is_called_on_the_class(client: openai.OpenAI, recorded: Captured) -> None:
    assistant_id = await new_assistant(client)
    stream = client.beta.threads.create_and_run(assistant_id=assistant_id, stream=True)
    for event in stream:
        if event.event == "thread.run.in_progress":
            break
    openai.Stream.close(stream)
    run: Any = event.data
    while client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id).status != "completed":
        pass
    assert recorded.run().streamed


@pytest.mark.parametrize("client_class", [openai.OpenAI, openai.AsyncOpenAI])
def test_a_method_of_an_object_is_what_it_is_without_us(client_class: Any) -> None:
    create = client_class(api_key="sk-test").responses.create
    bare = inspect.signature(create), inspect.iscoroutinefunction(create), str(create)
    with threadtrail.instrument(exporters=[]):
        responses = client_class(api_key="sk-test").responses
        create = responses.create
        assert type(create) is MethodType
        assert create == responses.create
        assert (inspect.signature(create), inspect.iscoroutinefunction(create)) == bare[:2]
        assert str(create).partition(" object at ")[0] == bare[2].partition(" object at ")[0]


def test_a_wrapper_that_copies_our_marks_is_not_taken_for_ours(instrumented: None) -> None:
    from openai.resources.responses import Responses

    ours = Responses.create

    @functools.wraps(ours)
    def theirs() -> None: ...

    assert is_ours(ours)
    assert not is_ours(theirs)
