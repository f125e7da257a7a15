"""A request that is made while a recorded one is under way, such as a moderation, is not taken for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import httpx2
import openai
import pytest
from pydantic import AfterValidator, BaseModel

import threadtrail
from driving import drained, entered, resolved
from threadtrail.events import RequestFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.testing import Captured

USAGE = {
    "input_tokens": 20,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 10,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 30,
}
TEXT = {"type": "output_text", "text": '{"x": 1}', "annotations": []}
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1_700_000_000,
    "model": "m",
    "status": "completed",
    "output": [
        {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [TEXT]}
    ],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "usage": USAGE,
}
CREATED = {**RESPONSE, "status": "in_progress", "output": [], "usage": None}
EVENTS = "".join(
    f"event: {name}\ndata: {json.dumps({'type': name, 'sequence_number': number, 'response': response})}\n\n"
    for number, (name, response) in enumerate(
        (("response.created", CREATED), ("response.completed", RESPONSE))
    )
)
MODERATION = {"id": "modr-1", "model": "m", "results": []}
ASKED: dict[str, Any] = {"model": "m", "input": "hi"}


class Answers:
    """Answers every request; the statuses of those for responses are taken from ``refusals`` first."""

    def __init__(self) -> None:
        self.refusals: list[int] = []
        self.moderation_refusals: list[int] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer one request; an id of it tells its kind."""
        if request.url.path.endswith("/moderations"):
            return self._answer(self.moderation_refusals, "req_moderation", MODERATION)
        if b'"stream":true' in request.content.replace(b" ", b""):
            return httpx2.Response(200, content=EVENTS, headers={"content-type": "text/event-stream"})
        return self._answer(self.refusals, "req_response", RESPONSE)

    def _answer(self, refusals: list[int], request_id: str, body: Any) -> httpx2.Response:
        headers = {"x-request-id": request_id, "retry-after-ms": "1"}
        if refusals:
            return httpx2.Response(refusals.pop(), json={"error": {"message": "no"}}, headers=headers)
        return httpx2.Response(200, json=body, headers=headers)


@pytest.fixture
def answers() -> Answers:
    return Answers()


def sync_client(
    answers: Callable[[httpx2.Request], httpx2.Response],
    hooks: Any = None,
    kind: Any = openai.OpenAI,
    **options: Any,
) -> Any:
    transport = httpx2.MockTransport(answers)
    given = {"api_key": "any", "base_url": "http://any/v1", **options}
    return kind(**given, http_client=httpx2.Client(transport=transport, event_hooks={"request": hooks or []}))


def async_client(answers: Answers, hooks: Any = None, **options: Any) -> Any:
    transport = httpx2.MockTransport(answers)
    http_client = httpx2.AsyncClient(transport=transport, event_hooks={"request": hooks or []})
    given = {"api_key": "any", "base_url": "http://any/v1", **options}
    return openai.AsyncOpenAI(**given, http_client=http_client)


def moderated(answers: Answers, kind: str, **options: Any) -> Any:
    """Return a client whose prompts another client moderates before they are sent."""
    if kind == "sync":
        other = sync_client(answers)

        def moderate(request: httpx2.Request) -> None:
            other.moderations.create(input=str(request.url))

        return sync_client(answers, [moderate], **options)
    async_other = async_client(answers)

    async def moderate_async(request: httpx2.Request) -> None:
        await async_other.moderations.create(input=str(request.url))

    return async_client(answers, [moderate_async], **options)


def checked_by(check: Callable[[int], int]) -> type[BaseModel]:
    class Answer(BaseModel):
        x: Annotated[int, AfterValidator(check)]

    return Answer


def the_run(recorded: Captured) -> Any:
    run: Any = recorded.run()
    assert (run.id, run.status, run.usage.total_tokens) == ("resp_1", "completed", 30)
    return run


KINDS = pytest.mark.parametrize("kind", ["sync", "async"])


@KINDS
@pytest.mark.parametrize("whose", ["another", "the same"])
async def test_a_validator_that_moderates(
    kind: str, whose: str, answers: Answers, recorded: Captured
) -> None:
    other = sync_client(answers)
    client = sync_client(answers) if kind == "sync" else async_client(answers)
    moderating = client if (whose, kind) == ("the same", "sync") else other

    def check(value: int) -> int:
        moderating.moderations.create(input=str(value))
        return value

    parsed = await resolved(client.responses.parse(**ASKED, text_format=checked_by(check)))
    assert parsed.output_parsed.x == 1
    assert the_run(recorded).request_id == "req_response"
    assert the_run(recorded).input[0].text == "hi"


@KINDS
async def test_a_validator_that_moderates_and_refuses(
    kind: str, answers: Answers, recorded: Captured
) -> None:
    other = sync_client(answers)

    def check(value: int) -> int:
        other.moderations.create(input=str(value))
        raise ValueError(value)

    client = sync_client(answers) if kind == "sync" else async_client(answers)
    with pytest.raises(ValueError, match="1"):
        await resolved(client.responses.parse(**ASKED, text_format=checked_by(check)))
    the_run(recorded)


@KINDS
async def test_a_hook_that_moderates_what_is_refused(kind: str, answers: Answers, recorded: Captured) -> None:
    answers.refusals = [500]
    with pytest.raises(openai.InternalServerError):
        await resolved(moderated(answers, kind, max_retries=0).responses.create(**ASKED))
    assert threadtrail.flush(60)
    assert recorded.runs == []
    (failed,) = recorded.of(RequestFailed)
    assert (failed.status_code, failed.request_id) == (500, "req_response")


def test_a_hook_that_reads_another_response_than_the_one_that_is_refused(
    answers: Answers, recorded: Captured
) -> None:
    other = sync_client(answers)

    def read_another(_request: httpx2.Request) -> None:
        other.get("/responses/resp_2", cast_to=object)
        answers.refusals = [500]

    with pytest.raises(openai.InternalServerError):
        sync_client(answers, [read_another], max_retries=0).responses.retrieve("resp_1")
    assert threadtrail.flush(60)
    (failed,) = recorded.of(RequestFailed)
    assert (failed.run_id, failed.status_code) == ("resp_1", 500)


@KINDS
@pytest.mark.parametrize("way", ["parsed", "raw", "streamed", "read"])
async def test_a_hook_that_moderates(kind: str, way: str, answers: Answers, recorded: Captured) -> None:
    client = moderated(answers, kind)
    responses = client.responses
    if way == "parsed":
        await resolved(responses.create(**ASKED))
    elif way == "raw":
        await resolved(responses.with_raw_response.create(**ASKED))
    elif way == "streamed":
        assert len(await drained(await resolved(responses.create(**ASKED, stream=True)))) == 2
    else:
        async with entered(responses.with_streaming_response.create(**ASKED)) as response:
            await resolved(response.read())
    assert the_run(recorded).retry_count == 0


@KINDS
async def test_retries_of_a_moderation_are_not_those_of_the_response(
    kind: str, answers: Answers, recorded: Captured
) -> None:
    answers.moderation_refusals = [500]
    answers.refusals = [500, 500]
    await resolved(moderated(answers, kind).responses.create(**ASKED))
    assert the_run(recorded).retry_count == 2


def test_a_moderation_that_fails_is_not_the_request(answers: Answers, recorded: Captured) -> None:
    answers.moderation_refusals = [500, 500, 500]
    with pytest.raises(openai.InternalServerError):
        moderated(answers, "sync").responses.create(**ASKED)
    assert threadtrail.flush(60)
    (failed,) = recorded.of(RequestFailed)
    assert failed.retry_count == 0
    assert recorded.runs == []


def test_a_method_that_was_taken_before_it_was_patched(answers: Answers, recorded: Captured) -> None:
    """It asks the same path as the recorded one, but it is another client's."""
    judge = sync_client(lambda _: httpx2.Response(200, json={**RESPONSE, "id": "resp_of_the_judge"}))

    def check(value: int) -> int:
        judge.post("/responses", body=ASKED, cast_to=object)
        return value

    sync_client(answers).responses.parse(**ASKED, text_format=checked_by(check))
    the_run(recorded)


class Rewriting(openai.OpenAI):
    """A client of an app whose gateway has other paths."""

    def _prepare_options(self, options: Any) -> Any:
        options.url = options.url.replace("/responses", "/answers")
        return options


class Gateway(openai.OpenAI):
    """A client of an app that puts something before each path."""

    def post(self, path: str, **options: Any) -> Any:
        return super().post(f"/gateway{path}", **options)


class Pool(openai.OpenAI):
    """A client of an app that lets another client answer."""

    other: openai.OpenAI

    def post(self, *args: Any, **options: Any) -> Any:
        return self.other.post(*args, **options)


CLIENTS: dict[str, Callable[[Answers], Any]] = {
    "a prefix": lambda answers: sync_client(answers, base_url="http://any/gateway/openai/v1/"),
    "a copy": lambda answers: sync_client(answers).with_options(timeout=5, default_headers={"a": "b"}),
    "azure": lambda answers: sync_client(
        answers, kind=openai.AzureOpenAI, base_url=None, azure_endpoint="http://any", api_version="1"
    ),
    "azure with a deployment": lambda answers: sync_client(
        answers,
        kind=openai.AzureOpenAI,
        base_url=None,
        azure_endpoint="http://any",
        azure_deployment="d",
        api_version="1",
    ),
    "a gateway": lambda answers: sync_client(answers, kind=Gateway),
    "another path": lambda answers: sync_client(answers, kind=Rewriting),
}


@pytest.mark.parametrize("way", ["parsed", "raw", "streamed"])
@pytest.mark.parametrize("name", CLIENTS)
def test_the_request_of_every_client(name: str, way: str, answers: Answers, recorded: Captured) -> None:
    responses = CLIENTS[name](answers).responses
    if way == "parsed":
        responses.create(**ASKED)
    elif way == "raw":
        responses.with_raw_response.create(**ASKED)
    else:
        assert len(list(responses.create(**ASKED, stream=True))) == 2
    assert the_run(recorded).input[0].text == "hi"


def test_a_gateway_whose_answer_does_not_validate(answers: Answers, recorded: Captured) -> None:
    class Text(BaseModel):
        x: str

    with pytest.raises(ValueError, match="x"):
        sync_client(answers, kind=Gateway).responses.parse(**ASKED, text_format=Text)
    run = the_run(recorded)
    assert (run.id, run.request_id) == ("resp_1", "req_response")
    assert run.usage is not None
    assert run.usage.total_tokens == 30


def test_a_client_that_lets_another_one_answer(answers: Answers, recorded: Captured) -> None:
    client = sync_client(answers, kind=Pool)
    client.other = sync_client(answers)
    client.responses.create(**ASKED)
    assert the_run(recorded).request_id == "req_response"
