"""A chat-completions backend without a model, for ogx: it makes responses of what this answers.

    python stub_chat.py PORT

It echoes the last message. Offered a tool, it asks for the weather in Paris, and tells what it is then given.
``wait NAME`` is answered after somebody asked ``go NAME``.
"""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

MODEL = {"id": "stub-model", "object": "model", "created": 1, "owned_by": "stub"}
USAGE = {
    "prompt_tokens": 11,
    "completion_tokens": 7,
    "total_tokens": 18,
    "prompt_tokens_details": {"cached_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
gates: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)


async def models(_request: Request) -> Response:
    """List the one model."""
    return JSONResponse({"object": "list", "data": [MODEL]})


async def complete(request: Request) -> Response:
    """Answer a chat completion, in one piece or as a stream of words."""
    asked = await request.json()
    word, _, name = _text(asked["messages"][-1]).partition(" ")
    if word == "go":
        gates[name].set()
    if word == "wait":
        await gates[name].wait()
    message = _message(asked)
    end = "tool_calls" if "tool_calls" in message else "stop"
    about = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": 1_790_000_000, "model": asked["model"]}
    if asked.get("stream"):
        return StreamingResponse(_stream(about, message, end), media_type="text/event-stream")
    choice = {"index": 0, "message": message, "finish_reason": end, "logprobs": None}
    return JSONResponse({**about, "object": "chat.completion", "choices": [choice], "usage": USAGE})


def _message(asked: dict[str, Any]) -> dict[str, Any]:
    last = asked["messages"][-1]
    if last["role"] == "tool":
        return {"role": "assistant", "content": f"It is {_text(last)}."}
    if asked.get("tools"):
        function = {"name": "get_weather", "arguments": '{"city": "Paris"}'}
        call = {"id": f"call_{uuid.uuid4().hex}", "type": "function", "function": function}
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    return {"role": "assistant", "content": f"You said: {_text(last)}"}


def _text(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)


def _stream(about: dict[str, Any], message: dict[str, Any], end: str) -> Iterator[str]:
    if "tool_calls" in message:
        calls = [{"index": index, **call} for index, call in enumerate(message["tool_calls"])]
        deltas: list[dict[str, Any]] = [{"role": "assistant", "tool_calls": calls}]
    else:
        words = message["content"].split(" ")
        deltas = [{"content": word if index == 0 else f" {word}"} for index, word in enumerate(words)]
    for delta in deltas:
        yield _chunk(about, [{"index": 0, "delta": delta, "finish_reason": None}])
    yield _chunk(about, [{"index": 0, "delta": {}, "finish_reason": end}])
    yield _chunk(about, [], usage=USAGE)
    yield "data: [DONE]\n\n"


def _chunk(about: dict[str, Any], choices: list[dict[str, Any]], **more: Any) -> str:
    chunk = {**about, "object": "chat.completion.chunk", "choices": choices, **more}
    return f"data: {json.dumps(chunk)}\n\n"


app = Starlette(
    routes=[Route("/v1/models", models), Route("/v1/chat/completions", complete, methods=["POST"])]
)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
