"""Two background responses, one that asks for a function and one with its output, seen by four processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import threadtrail
from fleet.roles import CALLER, QUESTION, TRACE, hear, main, metadata, say
from threadtrail.testing.server import WEBHOOK_SECRET

if TYPE_CHECKING:
    from openai import OpenAI

SOLVE: Any = {"type": "function", "name": "solve", "parameters": {"type": "object"}, "strict": False}


def web(client: OpenAI) -> None:
    """Create the response, and leave it to the worker."""
    with threadtrail.trace(TRACE, **CALLER):
        response = client.responses.create(
            model="gpt-4o", input=QUESTION, tools=[SOLVE], background=True, metadata=metadata()
        )
    say(response=response.id)


def worker(client: OpenAI) -> None:
    """Poll each response to its end, and look at what it was asked."""
    for _ in range(2):
        work = hear()
        asked = False
        while client.responses.retrieve(work["response"]).status in {"queued", "in_progress"}:
            if not asked:
                client.responses.input_items.list(work["response"])
                asked = True
        say(polled=work["response"])
    hear()


def tools(client: OpenAI) -> None:
    """Create the response that has the outputs which the first one asks for."""
    work = hear()
    asking = client.responses.retrieve(work["response"])
    outputs: Any = [
        {"type": "function_call_output", "call_id": item.call_id, "output": "x = 1"}
        for item in asking.output
        if item.type == "function_call"
    ]
    with threadtrail.carried(asking.metadata):
        response = client.responses.create(
            model="gpt-4o",
            input=outputs,
            previous_response_id=asking.id,
            background=True,
            metadata=metadata(),
        )
    say(response=response.id)


def webhook(client: OpenAI) -> None:
    """Look at each response of which a webhook says that it is over."""
    for delivery in hear()["deliveries"]:
        event: Any = client.webhooks.unwrap(delivery["body"], delivery["headers"], secret=WEBHOOK_SECRET)
        client.responses.retrieve(event.data.id)


if __name__ == "__main__":
    main({"web": web, "worker": worker, "tools": tools, "webhook": webhook})
