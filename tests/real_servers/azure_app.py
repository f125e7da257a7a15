"""An agent without a model in Microsoft's Responses server, to be run in an environment of its own.

    python azure_app.py PORT

It echoes what it is asked and counts its characters as tokens. Some words steer it: ``wait NAME`` answers
after somebody asked ``go NAME``, or when it is cancelled; ``fail`` fails; ``cut`` breaks off. Offered a tool,
it asks for the weather in Paris, and tells what it is then given.
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from azure.ai.agentserver.responses import ResponseEventStream, ResponsesAgentServerHost

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

app = ResponsesAgentServerHost()
gates: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)


@app.response_handler  # type: ignore[untyped-decorator] # the package is where this runs
async def answer(request: Any, context: Any, cancelled: asyncio.Event) -> AsyncIterator[Any]:
    """Answer one request with the events of its stream; the server makes everything else of them."""
    return _events(request, context, await context.get_input_text(), cancelled)


async def _events(request: Any, context: Any, text: str, cancelled: asyncio.Event) -> AsyncIterator[Any]:
    stream = ResponseEventStream(response_id=context.response_id, request=request)
    yield stream.emit_created()
    yield stream.emit_in_progress()
    word, _, name = text.partition(" ")
    if word == "go":
        gates[name].set()
    if word == "wait" and not await _opened(gates[name], cancelled):
        return
    if word == "fail":
        yield stream.emit_failed(code="server_error", message="It was asked to fail.")
        return
    outputs = [item for item in _items(request) if item.get("type") == "function_call_output"]
    if request.get("tools") and not outputs:
        for event in stream.output_item_function_call(
            "get_weather", f"call_{context.response_id}", '{"city": "Paris"}'
        ):
            yield event
    else:
        said = f"It is {outputs[0]['output']}." if outputs else f"You said: {text}"
        for event in stream.output_item_message(said):
            yield event
    usage = _usage(len(text), len(text) + 1)
    if word == "cut":
        yield stream.emit_incomplete(reason="max_output_tokens", usage=usage)
    else:
        yield stream.emit_completed(usage=usage)


async def _opened(gate: asyncio.Event, cancelled: asyncio.Event) -> bool:
    """Wait for the gate, or until the response is cancelled; return whether the gate was opened."""
    waiting = [asyncio.ensure_future(event.wait()) for event in (gate, cancelled)]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    return not cancelled.is_set()


def _items(request: Any) -> list[Any]:
    given = request.get("input")
    return given if isinstance(given, list) else []


def _usage(given: int, made: int) -> Any:
    return {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": given + made,
    }


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(sys.argv[1]))
