"""Deliveries of webhooks, as the real SDK unwraps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openai
import pytest

from threadtrail.testing.server import (
    WEBHOOK_SECRET,
    Failed,
    Incomplete,
    RunScript,
)

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

    from threadtrail.testing.server import OpenAIServer

WRONG = openai.InvalidWebhookSignatureError


@pytest.fixture
def response_id(client: OpenAI, server: OpenAIServer) -> str:
    server.script_next(RunScript("x", polls=0))
    return client.responses.create(model="gpt-4o", input="x", background=True).id


def test_delivery_is_unwrapped(client: OpenAI, server: OpenAIServer, response_id: str) -> None:
    delivery = server.webhook(response_id)
    event = client.webhooks.unwrap(delivery.body, delivery.headers, secret=WEBHOOK_SECRET)
    assert event.type == "response.completed"
    assert event.data.id == response_id
    type(event).model_validate(delivery.event)
    assert server.webhook(response_id).event == delivery.event


@pytest.mark.parametrize(
    ("script", "kind"),
    [(RunScript(end=Failed()), "response.failed"), (RunScript(end=Incomplete()), "response.incomplete")],
)
def test_kind_follows_the_status(client: OpenAI, server: OpenAIServer, script: RunScript, kind: str) -> None:
    server.script_next(script)
    response = client.responses.create(model="gpt-4o", input="x")
    assert server.webhook(response.id).event["type"] == kind


def test_cancelled(client: OpenAI, server: OpenAIServer) -> None:
    response = client.responses.create(model="gpt-4o", input="x", background=True)
    with pytest.raises(ValueError, match="The response is queued; a webhook is sent only at its end"):
        server.webhook(response.id)
    client.responses.cancel(response.id)
    assert server.webhook(response.id).event["type"] == "response.cancelled"


def test_unknown_kind(server: OpenAIServer, response_id: str) -> None:
    assert server.webhook(response_id, kind="response.dreamt").event["type"] == "response.dreamt"


@pytest.mark.parametrize("secret", [WEBHOOK_SECRET, "a plain secret"])
def test_wrong_signature(client: OpenAI, server: OpenAIServer, response_id: str, secret: str) -> None:
    right = server.webhook(response_id, secret=secret)
    client.webhooks.verify_signature(right.body, right.headers, secret=secret)
    for wrong in (
        server.webhook(response_id, secret=secret, valid=False),
        server.webhook(response_id, secret="another"),
    ):
        with pytest.raises(WRONG):
            client.webhooks.unwrap(wrong.body, wrong.headers, secret=secret)


async def test_async_client(server: OpenAIServer, async_client: AsyncOpenAI) -> None:
    response = await async_client.responses.create(model="gpt-4o", input="x")
    delivery = server.webhook(response.id)
    event = async_client.webhooks.unwrap(delivery.body, delivery.headers, secret=WEBHOOK_SECRET)
    assert event.type == "response.completed"
