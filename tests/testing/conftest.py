from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from openai import OpenAI


@pytest.fixture
def assistant_id(client: OpenAI) -> str:
    return client.beta.assistants.create(model="gpt-4o", name="Math Tutor").id


@pytest.fixture
def thread_id(client: OpenAI) -> str:
    return client.beta.threads.create(messages=[{"role": "user", "content": "3x + 11 = 14"}]).id
