"""A mock that the app puts in the place of a patched method, and takes away after ``uninstrument()``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from openai.resources.responses import Responses

import threadtrail
from threadtrail.instrumentation.patching import is_ours
from threadtrail.testing import capture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai import OpenAI

ASK: dict[str, Any] = {"model": "gpt-4o", "input": "How is the weather in Paris?"}
PATH = "openai.resources.responses.responses:Responses.create"


@pytest.fixture(autouse=True)
def original() -> Iterator[Any]:
    """The SDK's own method, which is there again after each test."""
    original = Responses.__dict__["create"]
    assert not is_ours(original)
    yield original
    Responses.create = original  # type: ignore[method-assign]  # if the test fails


def mocked_at_the_end() -> None:
    """Put a mock in the place of the patched method, and take it away after the end."""
    threadtrail.instrument(exporters=[])
    with mock.patch.object(Responses, "create"):
        threadtrail.uninstrument()
    assert is_ours(Responses.__dict__["create"])


def test_what_comes_back_is_patched_and_removed_the_next_time(
    client: OpenAI, original: Any, strict: None
) -> None:
    mocked_at_the_end()
    with capture() as captured:
        assert PATH in threadtrail.status().patched
        client.responses.create(**ASK)
        threadtrail.flush()
    assert len(captured.runs) == 1
    assert Responses.__dict__["create"] is original


def test_what_comes_back_records_nothing_and_is_removed_by_another_end(client: OpenAI, original: Any) -> None:
    mocked_at_the_end()
    client.responses.create(**ASK)
    threadtrail.instrument(exporters=[])
    assert is_ours(Responses.__dict__["create"])
    threadtrail.uninstrument()
    assert Responses.__dict__["create"] is original


def test_a_mock_that_stays_until_the_next_beginning(client: OpenAI, original: Any, strict: None) -> None:
    threadtrail.instrument(exporters=[])
    with mock.patch.object(Responses, "create"):
        threadtrail.uninstrument()
        threadtrail.instrument(exporters=[])
    with capture() as captured:
        client.responses.create(**ASK)
        threadtrail.flush()
    assert len(captured.runs) == 1
    threadtrail.uninstrument()
    assert Responses.__dict__["create"] is original
