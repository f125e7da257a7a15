"""Whatever a server answers: the app sees the same with us, nothing raises, and what can be read is read."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import OpenAI

from properties.canned import EVENTS, JSON, Canned
from properties.looks import ASK, looks, told_by_webhook
from properties.mutations import mutated, torn
from properties.patience import patient
from threadtrail.events import RequestFailed
from threadtrail.testing.server import (
    FunctionCall,
    Message,
    OpenAIServer,
    RunScript,
    ToolCalls,
    Usage,
    WebSearchCall,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.testing import Captured

pytestmark = [
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings"),  # the SDK's, of odd types
    patient,
]
many = settings(max_examples=settings().max_examples * 4)

CALLS = ToolCalls(FunctionCall("get_weather", {"city": "Oslo"}), FunctionCall("get_time", {}))
RESPONSE = RunScript(ToolCalls(WebSearchCall("Oslo")), Message("Cold."), CALLS, usage=Usage(100, 20))
RUN = RunScript(Message("Cold."), usage=Usage(100, 20))
IDS: Any = {"thread_id": "thread_1", "assistant_id": "asst_1"}
ALWAYS = {"id", "object", "status"}
"""Without these, nobody can say whose end it is."""


def _truth() -> dict[str, str]:
    """What the local server sends: a response and a run at their ends, and the stream of each."""
    with OpenAIServer() as server, OpenAI(api_key="sk-local", base_url=server.base_url) as client:
        server.script(RESPONSE)
        raw = client.with_raw_response
        response = raw.responses.create(**ASK).text
        with client.with_streaming_response.responses.create(**ASK, stream=True) as streamed:
            response_stream = streamed.read().decode()
        server.script(RUN)
        assistant = client.beta.assistants.create(model="gpt-4o")
        thread = client.beta.threads.create()
        given: Any = {"thread_id": thread.id, "assistant_id": assistant.id}
        run = client.beta.threads.runs.create_and_poll(**given)
        body = raw.beta.threads.runs.retrieve(run.id, thread_id=thread.id).text
        with client.with_streaming_response.beta.threads.runs.create(**given, stream=True) as streamed:
            run_stream = streamed.read().decode()
    return {"response": response, "response stream": response_stream, "run": body, "run stream": run_stream}


TRUTH = _truth()
RESPONSE_BODY, RUN_BODY = json.loads(TRUTH["response"]), json.loads(TRUTH["run"])
"""What is right, before something is made wrong."""


RESPONSE_STREAM_ID = re.findall(r"resp_\w+", TRUTH["response stream"])[0]
RUN_STREAM_ID = re.findall(r"run_\w+", TRUTH["run stream"])[0]


@pytest.fixture(scope="module")
def canned() -> Iterator[Canned]:
    made = Canned()
    with made.client:
        yield made


def respond(client: OpenAI) -> Any:
    yield client.responses.create(**ASK)


def stream_a_response(client: OpenAI) -> Any:
    yield from client.responses.create(**ASK, stream=True)


def run(client: OpenAI) -> Any:
    yield client.beta.threads.runs.create(**IDS)


def stream_a_run(client: OpenAI) -> Any:
    yield from client.beta.threads.runs.create(**IDS, stream=True)


APPS = st.sampled_from([respond, stream_a_response, run, stream_a_run])
KINDS = st.sampled_from([JSON, EVENTS, "text/html", ""])


def readable(path: tuple[Any, ...]) -> bool:
    """Whether a run can be told with something wrong there."""
    return path[0] not in ALWAYS


def check_response(captured: Captured, touched: list[tuple[Any, ...]]) -> None:
    (recorded,) = captured.runs
    assert (recorded.id, recorded.status, recorded.finished) == (RESPONSE_BODY["id"], "completed", True)
    check_rest(recorded, RESPONSE_BODY, touched, ("input_tokens", "output_tokens"))
    if ("output",) in touched:
        return
    spoilt = {path[1] for path in touched if path[0] == "output" and len(path) > 1}
    if any(len(path) == 2 for path in touched if path[0] == "output"):
        return  # an item was removed or added, so that the numbers are others
    for number, item in enumerate(RESPONSE_BODY["output"]):
        if number in spoilt:
            continue
        if item["type"] == "message":
            # An item that was spoilt may have become another message.
            assert "Cold." in [message.text for message in recorded.output]
        elif item["type"] == "function_call":
            assert item["call_id"] in {call.id for call in recorded.tool_calls}


def check_rest(recorded: Any, body: Any, touched: list[tuple[Any, ...]], names: tuple[str, str]) -> None:
    parts = {path[0] for path in touched}
    if "usage" not in parts:
        assert recorded.usage is not None
        assert (recorded.usage.input_tokens, recorded.usage.output_tokens) == tuple(
            body["usage"][name] for name in names
        )
    if "model" not in parts:
        assert recorded.model == body["model"]


@many
@given(changed=mutated(RESPONSE_BODY, readable))
def test_of_a_response_what_can_be_read_is_read(canned: Canned, changed: Any) -> None:
    body, touched = changed
    _, captured = canned.play(json.dumps(body).encode(), JSON, respond)
    check_response(captured, touched)


@many
@given(changed=mutated(RUN_BODY, readable))
def test_of_a_run_what_can_be_read_is_read(canned: Canned, changed: Any) -> None:
    body, touched = changed
    _, captured = canned.play(json.dumps(body).encode(), JSON, run)
    (recorded,) = captured.runs
    assert (recorded.id, recorded.status, recorded.finished) == (RUN_BODY["id"], "completed", True)
    check_rest(recorded, RUN_BODY, touched, ("prompt_tokens", "completion_tokens"))


@many
@given(changed=mutated(RESPONSE_BODY, lambda _: True) | mutated(RUN_BODY, lambda _: True), app=APPS)
def test_no_body_raises_anything_of_ours(canned: Canned, changed: Any, app: Any) -> None:
    canned.play(json.dumps(changed[0]).encode(), JSON, app)


def changed_look(name: str) -> Any:
    return st.tuples(st.just(looks()[name]), mutated(looks()[name].bodies, lambda path: len(path) > 1))


@many
@given(changed=st.deferred(lambda: st.sampled_from(list(looks()))).flatmap(changed_look))
def test_no_answer_to_any_other_request_raises_anything_of_ours(canned: Canned, changed: Any) -> None:
    look, (bodies, _) = changed
    canned.play([json.dumps(body).encode() for body in bodies], JSON, look.app, look.status)


def test_an_id_that_is_no_valid_unicode(canned: Canned) -> None:
    body = json.dumps({**RESPONSE_BODY, "id": "\ud800", "status": "queued", "background": True})

    def poll(client: OpenAI) -> Any:
        yield client.responses.retrieve(client.responses.create(**ASK, background=True).id)

    _, captured = canned.play(body.encode(), JSON, poll)
    (failure,) = captured.of(RequestFailed)
    assert failure.run_id == captured.run().id == "\ufffd"


@pytest.mark.parametrize("name", ["tool_choice", "truncation_strategy", "response_format"])
def test_a_number_beyond_64_bits_where_any_json_may_stand(canned: Canned, name: str) -> None:
    _, captured = canned.play(json.dumps({**RUN_BODY, name: 2**70}).encode(), JSON, run)
    request = captured.run().request
    assert getattr(request, name.removesuffix("_strategy")) == 2**70
    assert type(captured.events[-1]).from_json(captured.events[-1].to_json()) == captured.events[-1]


WEBHOOK: Any = {
    "id": "evt_1",
    "object": "event",
    "created_at": 1_700_000_000,
    "type": "response.completed",
    "data": {"id": RESPONSE_BODY["id"]},
}


@given(changed=mutated(WEBHOOK, lambda _: True))
def test_no_webhook_raises_anything_of_ours(canned: Canned, changed: Any) -> None:
    app = told_by_webhook(json.dumps(changed[0]))
    seen, _ = canned.play(TRUTH["response"].encode(), JSON, app)
    assert seen[-1].startswith("Response(")


@many
@given(text=st.text() | st.sampled_from(["null", "[]", "3", "{", "[[[", "NaN"]), kind=KINDS, app=APPS)
def test_no_text_raises_anything_of_ours(canned: Canned, text: str, kind: str, app: Any) -> None:
    canned.play(text.encode("utf-8", "surrogatepass"), kind, app)


@pytest.mark.parametrize("levels", [99, 198, 400, 100_000])
@pytest.mark.parametrize(
    "odd",
    [
        {"metadata": {"a": "DEEP"}},
        {"tools": [{"type": "hologram", "parameters": "DEEP"}]},
        {"output": [{"type": "hologram", "id": "ho_1", "data": "DEEP"}]},
        {"usage": {**RESPONSE_BODY["usage"], "input_tokens_details": "DEEP"}},
    ],
    ids=lambda odd: next(iter(odd)),
)
def test_no_depth_of_nesting_loses_a_response(canned: Canned, odd: dict[str, Any], levels: int) -> None:
    text = json.dumps({**RESPONSE_BODY, **odd}).replace('"DEEP"', "[" * levels + "]" * levels)
    _, captured = canned.play(text.encode(), JSON, respond)
    (recorded,) = captured.runs
    assert recorded.id == RESPONSE_BODY["id"]
    assert recorded.usage is not None


@pytest.mark.parametrize("levels", [99, 198, 400])
def test_no_depth_of_nesting_loses_a_streamed_run(canned: Canned, levels: int) -> None:
    deep = f'"metadata": {{"a": {"[" * levels + "]" * levels}}}'
    content = TRUTH["run stream"].replace('"metadata": {}', deep)
    assert deep in content
    _, captured = canned.play(content.encode(), EVENTS, stream_a_run)
    (recorded,) = captured.runs
    assert (recorded.finished, [message.text for message in recorded.output]) == (True, ["Cold."])


@many
@given(content=torn(TRUTH["response stream"]))
def test_a_torn_stream_of_a_response(canned: Canned, content: bytes) -> None:
    seen, captured = canned.play(content, EVENTS, stream_a_response)
    check_end([] if is_misnamed(content) else seen, captured, "ResponseCompletedEvent", RESPONSE_STREAM_ID)


def is_misnamed(content: bytes) -> bool:
    """Whether an event has two names: nobody reads the text of each delta to look for another one."""
    pairs = re.findall(rb'^event: (response\.\S+)\ndata: \{"type": "([^"]*)"', content, re.MULTILINE)
    return any(name != said for name, said in pairs)


def test_events_that_are_all_called_alike(canned: Canned) -> None:
    content = re.sub("^event: .*$", "event: message", TRUTH["response stream"], flags=re.MULTILINE)
    seen, captured = canned.play(content.encode(), EVENTS, stream_a_response)
    check_end(seen, captured, "ResponseCompletedEvent", RESPONSE_STREAM_ID)
    assert [message.text for message in captured.run().output] == ["Cold."]


def test_events_of_a_run_that_are_all_called_alike(canned: Canned) -> None:
    content = re.sub("^event: .*$", "event: x", TRUTH["run stream"], flags=re.MULTILINE)
    seen, captured = canned.play(content.encode(), EVENTS, stream_a_run)
    assert RUN_STREAM_ID in seen[-1]
    assert (captured.run().status, captured.run().output[0].text) == ("completed", "Cold.")


def test_a_delta_that_is_no_object(canned: Canned) -> None:
    odd = 'event: thread.message.delta\ndata: {"id": "msg_odd", "delta": [1]}\n\n'
    content = TRUTH["run stream"].replace("event: thread.run.completed", f"{odd}event: thread.run.completed")
    _, captured = canned.play(content.encode(), EVENTS, stream_a_run)
    assert [message.text for message in captured.run().output] == ["Cold."]


@pytest.mark.parametrize("odd", ['"\\ud800": 1', '"metadata": {"\\ud800": ["\\ud800"]}'])
def test_a_stream_with_names_that_are_no_valid_unicode(canned: Canned, odd: str) -> None:
    content = TRUTH["run stream"].replace('"object": "thread.', f'{odd}, "object": "thread.')
    _, captured = canned.play(content.encode(), EVENTS, stream_a_run)
    assert (captured.run().status, captured.run().output[0].text) == ("completed", "Cold.")


@many
@given(content=torn(TRUTH["run stream"]))
def test_a_torn_stream_of_a_run(canned: Canned, content: bytes) -> None:
    seen, captured = canned.play(content, EVENTS, stream_a_run)
    check_end(seen, captured, "ThreadRunCompleted", RUN_STREAM_ID)


@pytest.mark.parametrize("name", ["run stream", "response stream"])
def test_an_error_that_the_sdk_finds_in_a_stream(canned: Canned, name: str) -> None:
    """The server sent an event as any other; what is wrong with it shows when the SDK reads it."""
    content = re.sub(r"(\.delta\ndata: ).*", r"\1{", TRUTH[name], count=1)
    seen, captured = canned.play(
        content.encode(), EVENTS, stream_a_run if name == "run stream" else stream_a_response
    )
    assert seen[-1].startswith("JSONDecodeError")
    (failed,) = captured.of(RequestFailed)
    (recorded,) = captured.runs
    assert (failed.error.type, failed.run_id) == ("JSONDecodeError", recorded.id)


def check_end(seen: list[str], captured: Captured, name: str, run_id: str) -> None:
    """The end that the app saw is recorded, once, and no end that it did not see."""
    # A step under the name of a run's end names the run as well: the id has to be the object's own.
    own = f"(id='{run_id}'"
    ends = [text for text in seen if text.startswith(name) and "status='completed'" in text and own in text]
    finished = [recorded for recorded in captured.runs if recorded.finished and recorded.id == run_id]
    assert len(finished) <= 1
    assert not ends or [recorded.status for recorded in finished] == ["completed"]
