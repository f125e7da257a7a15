"""Every scenario, as a response: polled, streamed, and answered whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from testing.responses_help import names_of
from threadtrail.testing.server import RESPONSES_SCENARIOS, SCENARIOS

if TYPE_CHECKING:
    from openai import OpenAI

    from threadtrail.testing.server import OpenAIServer

EVERY = {**SCENARIOS, **RESPONSES_SCENARIOS}
ODD = {"unknown", "compatible"}


@pytest.mark.parametrize("name", sorted(EVERY.keys() - {"hanging"}))
def test_all_ways_to_the_same_end(client: OpenAI, server: OpenAIServer, name: str) -> None:
    server.script(EVERY[name])
    answered = client.responses.create(model="gpt-4o", input="x")
    polled = client.responses.create(model="gpt-4o", input="x", background=True)
    while polled.status in {"queued", "in_progress"}:
        polled = client.responses.retrieve(polled.id)
    events: Any = list(client.responses.create(model="gpt-4o", input="x", stream=True))
    if name not in ODD:
        names_of(events)
    streamed = client.responses.retrieve(next(event.response.id for event in events))
    ends = [(end.status, end.error, end.usage) for end in (answered, polled, streamed)]
    assert ends[0] == ends[1] == ends[2]
    kinds = [[item.type for item in end.output] for end in (answered, polled, streamed)]
    assert kinds[0] == kinds[1] == kinds[2]


@pytest.mark.parametrize("name", sorted(RESPONSES_SCENARIOS))
def test_assistants_run_of_it_ends_as_well(client: OpenAI, server: OpenAIServer, name: str) -> None:
    server.script(RESPONSES_SCENARIOS[name])
    assistant = client.beta.assistants.create(model="gpt-4o")
    run: Any = client.beta.threads.create_and_run_poll(assistant_id=assistant.id)
    assert run.status in {"completed", "incomplete", "requires_action"}
