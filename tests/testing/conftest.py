from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from openai import DefaultHttpxClient, OpenAI

from threadtrail.testing.server import AssistantsServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[AssistantsServer]:
    with AssistantsServer() as running:
        yield running


@pytest.fixture
def client(server: AssistantsServer) -> Iterator[OpenAI]:
    # Reading the certificates takes 25 ms for each client, and nothing here is encrypted.
    plain = DefaultHttpxClient(verify=False)
    with OpenAI(base_url=server.base_url, api_key="sk-local", http_client=plain) as client:
        yield client


@pytest.fixture
def assistant_id(client: OpenAI) -> str:
    return client.beta.assistants.create(model="gpt-4o", name="Math Tutor").id


@pytest.fixture
def thread_id(client: OpenAI) -> str:
    return client.beta.threads.create(messages=[{"role": "user", "content": "3x + 11 = 14"}]).id
