"""Each response is noted where it passes, whatever parameters a version of the SDK has there."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from threadtrail.context import Scope
from threadtrail.instrumentation.exchanges import requests_of, watch_response
from threadtrail.recording.observation import Call, Operation

GIVEN = {"cast_to": object, "options": 1, "response": "the response", "stream": 1, "stream_cls": None}
OPERATION = Operation(source="a.source", name="runs.create", does="runs.create")


def as_now(  # noqa: PLR0913 - the SDK's parameters
    self: Any,
    *,
    cast_to: Any,
    options: Any,
    response: Any,
    stream: Any,
    stream_cls: Any,
    retries_taken: int = 0,
) -> dict[str, Any]:
    """Return what was given, with the parameters of openai 1.44 to 3.57."""
    return locals()


def as_before(  # noqa: PLR0913 - the SDK's parameters
    self: Any, *, cast_to: Any, options: Any, response: Any, stream: Any, stream_cls: Any
) -> dict[str, Any]:
    """Do the same with the parameters of openai 1.21."""
    return locals()


def with_another_default(  # noqa: PLR0913 - the SDK's parameters
    self: Any,
    *,
    cast_to: Any,
    options: Any,
    response: Any,
    stream: Any,
    stream_cls: Any,
    retries_taken: int = 1,
) -> dict[str, Any]:
    """Do the same as no version does yet."""
    return locals()


def by_others(self: Any, **given: Any) -> dict[str, Any]:
    """Do the same as another instrumentation may."""
    return {"self": self, **given}


@pytest.mark.parametrize(
    ("original", "more"),
    [
        (as_now, {}),
        (as_now, {"retries_taken": 2}),
        (as_before, {}),
        (with_another_default, {}),
        (by_others, {"retries_taken": 2}),
        (partial(as_now), {}),
    ],
)
def test_it_is_noted_and_passed_on(original: Any, more: dict[str, Any]) -> None:
    call = Call(OPERATION, 0, {}, None, Scope())
    with requests_of(call):
        passed = watch_response(original)("the client", **GIVEN, **more)
    assert (call.response, call.is_stream) == ("the response", True)
    assert passed == original("the client", **GIVEN, **more)


@pytest.mark.parametrize("original", [as_now, as_before])
def test_what_is_wrong_is_refused_in_the_same_words(original: Any) -> None:
    with pytest.raises(TypeError) as bare:
        original("the client", **GIVEN, unknown=1)
    with pytest.raises(TypeError) as watched:
        watch_response(original)("the client", **GIVEN, unknown=1)
    assert str(watched.value) == str(bare.value)
