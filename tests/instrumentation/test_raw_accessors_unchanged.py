"""Raw accessors that were used before the methods were patched: what the app sees of them stays the same."""

from __future__ import annotations

import functools
import importlib
import inspect
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from openai.resources.responses.responses import (
    AsyncResponsesWithRawResponse,
    ResponsesWithRawResponse,
)

import threadtrail
from threadtrail.instrumentation.install import patches
from threadtrail.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai import OpenAI

ASK: dict[str, Any] = {"model": "gpt-4o", "input": "How is the weather in Paris?"}


@pytest.fixture
def instrumented() -> Iterator[None]:
    with threadtrail.instrument(exporters=[]):
        yield


def classes() -> dict[str, type]:
    """Every class of the modules that are patched, by its name."""
    names = {row.resource.module for source in SOURCES for row in source.rows()}
    loaded = [importlib.import_module(name) for name in sorted(names)]
    return {
        f"{each.__module__}.{each.__qualname__}": each
        for module in loaded
        for each in vars(module).values()
        if isinstance(each, type) and each.__module__.startswith("openai")
    }


def attributes() -> dict[str, dict[str, Any]]:
    return {name: dict(vars(each)) for name, each in classes().items()}


def test_a_warning_is_that_of_the_sdk_alone(client: OpenAI) -> None:
    raw = client.beta.assistants.with_raw_response

    def warned() -> list[tuple[str, int, str]]:
        with pytest.warns(DeprecationWarning, match="deprecated") as caught:
            raw.create(model="gpt-4o")
        return [(each.filename, each.lineno, str(each.message)) for each in caught]

    bare = warned()
    with threadtrail.instrument(exporters=[]):
        assert warned() == bare


def test_the_classes_are_restored(client: OpenAI) -> None:
    raw = client.responses.with_raw_response
    before = attributes()
    for _ in range(2):
        threadtrail.instrument(exporters=[])
        raw.create(**ASK)
        assert attributes() != before
        threadtrail.uninstrument()
        assert attributes() == before


def test_an_accessor_looks_as_it_does_without_us(client: OpenAI) -> None:
    raw: Any = client.responses.with_raw_response
    raw_class: Any = ResponsesWithRawResponse
    create = raw.create
    looks = inspect.signature(create), dir(raw), list(vars(raw))
    with threadtrail.instrument(exporters=[]):
        assert raw.create is create
        assert (inspect.signature(raw.create), dir(raw), list(vars(raw))) == looks
        assert not hasattr(raw_class, "create")
        assert not hasattr(raw, "stream")
        with pytest.raises(
            AttributeError, match="type object 'ResponsesWithRawResponse' has no attribute 'create'"
        ):
            _ = raw_class.create
        with pytest.raises(
            AttributeError, match="'ResponsesWithRawResponse' object has no attribute 'create'"
        ):
            _ = raw_class.__new__(raw_class).create
    assert raw.create is create


def test_async_ones_stay_coroutine_functions(async_client: Any, instrumented: None) -> None:
    raw = AsyncResponsesWithRawResponse(async_client.responses)
    assert inspect.iscoroutinefunction(raw.create)


def test_what_the_user_assigned_stays(client: OpenAI) -> None:
    raw: Any = client.responses.with_raw_response
    bound: Any = client.responses.create

    @functools.wraps(bound)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        return bound(*args, **kwargs)

    retrying: Any = decorated
    for theirs in (mock.Mock(), retrying, bound, len, None):
        raw.create = theirs
        with threadtrail.instrument(exporters=[]):
            assert raw.create is theirs
            raw.create = len
            assert vars(raw)["create"] is raw.create is len
            del raw.create
            with pytest.raises(AttributeError, match="create"):
                del raw.create
            raw.create = theirs
        assert raw.create is theirs
    assert retrying.__wrapped__ is bound


def test_a_mock_of_the_whole_client(client: OpenAI, instrumented: None) -> None:
    mocked = mock.create_autospec(client)
    for raw in (mocked.responses.with_raw_response, mocked.with_raw_response.responses):
        raw.create(**ASK)
        raw.create.assert_called_once_with(**ASK)
        assert not hasattr(raw, "stream")
    assert not hasattr(mock.create_autospec(ResponsesWithRawResponse), "stream")


def test_every_accessor_of_a_patched_method(client: OpenAI) -> None:
    with threadtrail.instrument(exporters=[]):
        patched = {path.partition(":")[2] for path in patches.patched}
        ours = {
            f"{each.__name__.partition('With')[0]}.{name}"
            for each in classes().values()
            for name, value in vars(each).items()
            if type(value).__module__.startswith("threadtrail")
        }
    assert {"Responses.create", "AsyncResponses.parse", "Runs.submit_tool_outputs"} <= ours
    assert ours <= patched
