"""Calls of the SDK with a canary in every option that takes text.

The options are found by reflection over the SDK's own signatures and types, so that new ones are covered.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import types
from collections.abc import Iterable, Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import httpx2
import openai
import pytest
from openai import OpenAI

import threadtrail
from echoing_api import CANARY, canary_object, echo

NOT_CONTENT = {
    *("model", "name", "role", "tool_call_id", "id", "type"),
    *("assistant_id", "thread_id", "run_id", "file_id", "file_ids", "vector_store_ids"),
    *("call_id", "approval_request_id", "previous_response_id", "version", "server_label"),
}
"""Options and keys whose texts are recorded with content off: names, ids and the model."""

LEFT_OUT = {"self", "return", "stream", "timeout", "event_handler", "poll_interval_ms"}
"""Parameters that carry no data to the API."""


# --- values for options --------------------------------------------------------------------------

hints_of = functools.cache(get_type_hints)


def options(method: Any, **given: Any) -> dict[str, Any]:
    """Return a value for each parameter of the SDK's method: ``given``, or made of the canary."""
    function = inspect.unwrap(method)
    hints = hints_of(getattr(function, "__func__", function))
    made = {name: _value(hint, name) for name, hint in hints.items() if name not in LEFT_OUT | given.keys()}
    return {**made, **given}


def _value(hint: Any, name: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return arguments[0]
    if origin in {Union, types.UnionType}:
        return _chosen(arguments, name)
    if inspect.isclass(origin):
        return _collection(origin, arguments, name)
    if hasattr(hint, "__total__"):  # a TypedDict, of whichever module
        return {key: _value(kind, key) for key, kind in hints_of(hint).items()}
    plain = {str: f"plain-{name}" if name in NOT_CONTENT else CANARY, int: 300, float: 0.5, bool: True}
    return canary_object() if hint is object else plain[hint]


def _collection(origin: type, arguments: tuple[Any, ...], name: str) -> Any:
    """Return an object for a mapping; for a list or another iterable, an item of each kind."""
    if issubclass(origin, Mapping):
        return {f"x-{CANARY}": CANARY} if name == "extra_headers" else canary_object()
    assert issubclass(origin, Iterable), f"an option of a new kind: {origin}; teach it to this module"
    kinds = get_args(arguments[0]) if get_origin(arguments[0]) in {Union, types.UnionType} else arguments
    return [_value(each, name) for each in kinds]


def _chosen(kinds: tuple[Any, ...], name: str) -> Any:
    """Return a value of the kind among these that can hold most."""
    kinds = tuple(kind for kind in kinds if kind is not type(None) and not _is_sentinel(kind))
    return max((_value(kind, name) for kind in kinds), key=lambda value: len(json.dumps(value)))


def _is_sentinel(kind: Any) -> bool:
    return getattr(kind, "__name__", "") in {"Omit", "NotGiven"}


# --- calls ---------------------------------------------------------------------------------------


def client() -> OpenAI:
    """Return a client that is answered by ``echo``."""
    transport = httpx2.Client(transport=httpx2.MockTransport(echo))
    return OpenAI(
        api_key=f"sk-{CANARY}", base_url="http://api.example/v1", http_client=transport, max_retries=0
    )


def make_every_call() -> None:
    """Create, update, stream, submit, list and fail, with the canary in every option of every call."""
    beta: Any = client().beta
    threads, runs = beta.threads, beta.threads.runs
    thread, run = {"thread_id": "thread_1"}, {"thread_id": "thread_1", "run_id": "run_1"}
    call(beta.assistants.create)
    call(beta.assistants.update, assistant_id="asst_1")
    call(threads.create)
    call(threads.messages.create, **thread)
    call(runs.create, **thread)
    call(runs.submit_tool_outputs, **run)
    runs.steps.list(**run)
    threads.messages.list(**thread)
    call(threads.create_and_run)
    with call(runs.stream, **thread) as stream:
        stream.until_done()
    with call(runs.submit_tool_outputs_stream, **thread, run_id="run_2") as stream:
        stream.until_done()
    for _ in call(runs.create, **thread, stream=True):
        pass
    make_every_call_of_responses()
    for method in (beta.assistants.create, threads.create, threads.messages.create, runs.create):
        with pytest.raises(openai.BadRequestError, match=CANARY):
            call(method, extra_headers={"x-refuse": CANARY})


def make_every_call_of_responses() -> None:
    """Do the same with Responses, Conversations and webhooks."""
    api: Any = client()
    responses, conversations = api.responses, api.conversations
    call(conversations.create)
    call(conversations.items.create, conversation_id="conv_1")
    call(responses.create, background=False)
    call(responses.create, background=True)
    call(responses.compact)
    responses.retrieve("resp_3")
    with contextlib.suppress(openai.APIError):
        for _ in call(responses.create, stream=True, background=False):
            pass
    with pytest.raises(openai.BadRequestError, match=CANARY):
        call(responses.create, extra_headers={"x-refuse": CANARY})


def call(method: Any, **given: Any) -> Any:
    """Call the SDK's method with a value for every parameter."""
    return method(**options(method, **given))


def all_that_shows(exporters: Any, caplog: pytest.LogCaptureFixture, **settings: Any) -> str:
    """Make every call with these exporters and settings; return what is logged, and ``status()``."""
    with threadtrail.instrument(exporters=exporters, **settings) as done:
        make_every_call()
        done.flush()
        status = f"{done.status()} {done.status()!r}"
    logged = "".join(
        caplog.handler.format(record)
        for record in caplog.records
        if record.name.startswith(("threadtrail", "opentelemetry", "langfuse"))
    )
    return logged + status
