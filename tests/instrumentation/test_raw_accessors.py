"""Raw accessors that were used before the methods were patched: they are recorded, once."""

from __future__ import annotations

import copy
import sys
import threading
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
import wrapt
from openai.resources.responses.responses import (
    Responses,
    ResponsesWithRawResponse,
)

import threadtrail
from driving import entered, new_assistant, new_thread, resolved
from threadtrail.events import RunCreated
from threadtrail.testing import capture

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai import OpenAI

ASK: dict[str, Any] = {"model": "gpt-4o", "input": "How is the weather in Paris?"}
WAYS: dict[str, Callable[[Any], Any]] = {
    "of the resource": lambda client: client.responses.with_raw_response,
    "of the client": lambda client: client.with_raw_response.responses,
}
STREAMING: list[Callable[[Any], Any]] = [
    lambda client: client.responses.with_streaming_response,
    lambda client: client.with_streaming_response.responses,
]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_raw(way: Callable[[Any], Any], any_client: Any, strict: None) -> None:
    raw = way(any_client)
    before = (await resolved(raw.create(**ASK))).parse()
    with capture() as captured:
        response = (await resolved(raw.create(**ASK))).parse()
        again = (await resolved(way(any_client).create(**ASK))).parse()
        threadtrail.flush()
    assert [run.id for run in captured.runs] == [response.id, again.id]
    assert before.id not in {response.id, again.id}


@pytest.mark.parametrize("way", STREAMING, ids=WAYS)
async def test_streaming(way: Callable[[Any], Any], any_client: Any, strict: None) -> None:
    streaming = way(any_client)
    async with entered(streaming.create(**ASK)) as response:
        await resolved(response.parse())
    with capture() as captured:
        async with entered(streaming.create(**ASK)) as response:
            value = await resolved(response.parse())
        threadtrail.flush()
    assert [run.id for run in captured.runs] == [value.id]


async def test_runs_of_an_assistant(any_client: Any, strict: None) -> None:
    ids = {"assistant_id": await new_assistant(any_client), "thread_id": await new_thread(any_client)}
    runs = any_client.beta.threads.runs
    raw, streaming = runs.with_raw_response, runs.with_streaming_response
    with capture() as captured:
        run = (await resolved(raw.create(**ids))).parse()
        await resolved(runs.poll(run.id, thread_id=run.thread_id))
        async with entered(streaming.create(**ids)) as response:
            other = await resolved(response.parse())
        threadtrail.flush()
    assert [event.run_id for event in captured.of(RunCreated)] == [run.id, other.id]
    assert captured.run(run.id).status == "completed"


def test_nothing_is_recorded_between_two_installations_and_once_after(client: OpenAI, strict: None) -> None:
    raw = client.responses.with_raw_response
    with capture() as first:
        raw.create(**ASK).parse()
        threadtrail.flush()
    raw.create(**ASK).parse()
    with capture() as second:
        raw.create(**ASK).parse()
        threadtrail.flush()
    assert (len(first.runs), len(second.runs)) == (1, 1)


def test_a_mock_in_its_place_for_a_while(client: OpenAI, strict: None) -> None:
    raw = client.responses.with_raw_response
    with capture() as captured:
        with mock.patch.object(raw, "create", autospec=True) as replacement:
            raw.create(**ASK)
        raw.create(**ASK).parse()
        threadtrail.flush()
    replacement.assert_called_once_with(**ASK)
    assert len(captured.runs) == 1


def test_subclasses(client: OpenAI, strict: None) -> None:
    class Mine(ResponsesWithRawResponse):
        """Has a method of its own, and one that calls the attribute."""

        def retrieve(self, *_: Any) -> str:  # type: ignore[override]
            return "mine"

        def ask(self) -> Any:
            return self.create(**ASK).parse()

    mine: Any = Mine(client.responses)
    del mine.retrieve
    with capture() as captured:
        assert mine.retrieve("id") == "mine"
        mine.ask()
        threadtrail.flush()
    assert len(captured.runs) == 1


def test_a_method_that_was_overridden_is_recorded_once(client: OpenAI, strict: None) -> None:
    class Mine(Responses):
        """Calls the SDK's own method."""

        def create(self, **given: Any) -> Any:
            return super().create(**given)

    raw = ResponsesWithRawResponse(Mine(client))
    with capture() as captured:
        raw.create(**ASK).parse()
        threadtrail.flush()
    assert len(captured.runs) == 1


def test_a_copy(client: OpenAI, strict: None) -> None:
    raw = client.responses.with_raw_response
    with capture() as captured:
        copy.copy(raw).create(**ASK).parse()
        raw.create(**ASK).parse()
        threadtrail.flush()
    assert len(captured.runs) == 2


@pytest.mark.parametrize("used", ["before", "between"])
def test_beside_another_instrumentation(
    used: str, client: OpenAI, strict: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []

    def theirs(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        calls.append(instance)
        return wrapped(*args, **kwargs)

    raw = client.responses.with_raw_response if used == "before" else None
    for _ in range(2):
        monkeypatch.setattr(Responses, "create", wrapt.FunctionWrapper(Responses.__dict__["create"], theirs))
    raw = raw or client.responses.with_raw_response
    with capture() as captured:
        for _ in range(2):
            raw.create(**ASK).parse()
        threadtrail.flush()
    assert len(captured.runs) == 2
    assert calls == ([] if used == "before" else [client.responses] * 4)


def test_many_threads_at_once(client: OpenAI, strict: None) -> None:
    raws: list[Any] = [ResponsesWithRawResponse(client.responses) for _ in range(200)]
    found: list[set[Any]] = []
    gate = threading.Barrier(4)

    def look() -> None:
        gate.wait()
        found.append({(raw.create, raw.create.__wrapped__.__func__) for raw in raws})

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with threadtrail.instrument(exporters=[]):
            threads = [threading.Thread(target=look) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert {function for seen in found for _, function in seen} == {Responses.create}
    finally:
        sys.setswitchinterval(interval)
    assert {raw for seen in found for raw, _ in seen} == {vars(raw)["create"] for raw in raws}
