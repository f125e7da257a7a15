"""The ids of a call are its own, whatever else is asked for within it, and however it ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx2
import openai
import pytest

import threadtrail
from driving import drained, resolved
from threadtrail.events import MessageCreated, RequestFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.testing import Captured

MESSAGE = {
    "id": "msg_1",
    "object": "thread.message",
    "created_at": 1_700_000_000,
    "thread_id": "thread_1",
    "role": "user",
    "content": [{"type": "text", "text": {"value": "hi", "annotations": []}}],
    "metadata": {},
}
ITEM = {
    "id": "msg_1",
    "type": "message",
    "role": "user",
    "status": "completed",
    "content": [{"type": "input_text", "text": "hi"}],
}
GIVEN: Any = [{"role": "user", "content": "hi"}]
OTHER = "/conversations/conv_other/items"


def answer(request: httpx2.Request) -> httpx2.Response:
    """Answer with a page that has a next one, which fails."""
    if "after" in request.url.params:
        return httpx2.Response(500, json={"error": {"message": "no"}})
    item = ITEM if "conversations" in request.url.path else MESSAGE
    page = {"object": "list", "data": [item], "first_id": "msg_1", "last_id": "msg_1", "has_more": True}
    return httpx2.Response(200, json=page)


def client_of(kind: type[Any], hooks: Any = ()) -> Any:
    http_kind = httpx2.AsyncClient if issubclass(kind, openai.AsyncOpenAI) else httpx2.Client
    http_client: Any = http_kind(transport=httpx2.MockTransport(answer), event_hooks={"request": list(hooks)})
    return kind(api_key="any", base_url="http://any/v1", http_client=http_client, max_retries=0)


def once(function: Callable[[], Any]) -> Callable[[], Any]:
    """Return a function that calls this one the first time only."""
    left = [function]
    return lambda: left.pop()() if left else None


def threads_of_messages(recorded: Captured) -> list[str]:
    assert threadtrail.flush(60)
    return [event.message.thread_id or "" for event in recorded.of(MessageCreated)]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", [openai.OpenAI, openai.AsyncOpenAI])
async def test_a_next_page_that_fails(kind: type[Any], recorded: Captured) -> None:
    listed = client_of(kind).beta.threads.messages.list("thread_1")
    with pytest.raises(openai.InternalServerError):
        await drained(listed)
    assert threadtrail.flush(60)
    (failed,) = recorded.of(RequestFailed)
    assert failed.thread_id == "thread_1"


@pytest.mark.parametrize("mine", ["conv_mine", "conv@mine", "conv mine"])
def test_a_hook_that_asks_for_the_same_of_another(mine: str, recorded: Captured) -> None:
    ask = once(lambda: client.post(OTHER, cast_to=object, body={"items": GIVEN}))
    client = client_of(openai.OpenAI, [lambda _request: ask()])
    client.conversations.items.create(mine, items=GIVEN)
    assert threads_of_messages(recorded) == [mine]


async def test_a_task_that_a_hook_begins_and_that_goes_on_after_the_call(recorded: Captured) -> None:
    tasks: list[asyncio.Task[Any]] = []

    async def ask_later() -> None:
        await asyncio.sleep(0)
        await client.post(OTHER, cast_to=object, body={"items": GIVEN})

    begin = once(lambda: tasks.append(asyncio.create_task(ask_later())))

    async def hook(_request: httpx2.Request) -> None:
        begin()

    client = client_of(openai.AsyncOpenAI, [hook])
    await resolved(client.conversations.items.create("conv_mine", items=GIVEN))
    await tasks[0]
    assert threads_of_messages(recorded) == ["conv_mine"]


class WithUrls(openai.OpenAI):
    """Puts an object in the place of the text of a URL, as the SDK allows."""

    def _prepare_options(self, options: Any) -> Any:
        options.url = httpx2.URL(options.url)
        return options


def test_a_client_that_puts_another_kind_of_url_into_its_requests(recorded: Captured, strict: None) -> None:
    client_of(WithUrls).conversations.items.create("conv_mine", items=GIVEN)
    assert threads_of_messages(recorded) == ["conv_mine"]
