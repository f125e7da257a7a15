"""A server that answers the scenes' questions, and what it knows of each response that it gave."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from frameworks.scenes import get_weather
from threadtrail.testing import OpenAIServer
from threadtrail.testing.server import FunctionCall, Message, RunScript, ToolCalls, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from threadtrail.testing.server import RunRequest, SubmittedOutput

ASKED = Usage(110, 30, cached_tokens=64)
TOLD = Usage(150, 12, reasoning_tokens=4)
ANSWERED = Usage(100, 20)
CREATED_AT = 1_790_000_000.0


class Tokens(NamedTuple):
    """The tokens of a response or of a turn; `cached` is part of `input`, and `reasoning` of `output`."""

    input: int
    output: int
    total: int
    cached: int
    reasoning: int


@dataclass(frozen=True)
class Served:
    """What a program asked of the server, and the responses that it got, in order."""

    requests: list[Any]
    asked: list[dict[str, Any]]
    """The bodies of the requests that began a response."""
    responses: list[dict[str, Any]]


@contextlib.contextmanager
def server() -> Iterator[OpenAIServer]:
    """Run a server that gives the same answers, ids included, to the same requests."""
    with OpenAIServer(_script, seed="frameworks", clock=lambda: CREATED_AT) as running:
        yield running


def served(running: OpenAIServer) -> Served:
    """Return what the server was asked and gave so far."""
    return Served(
        requests=[[each.method, each.path, each.query, _steady(each.body)] for each in running.requests],
        asked=[each.body for each in running.requests_to("responses.create")],
        responses=[player.body for player in running._backend.responses.responses.values()],
    )


def _steady(body: Any) -> Any:
    """Return a body with outputs in a lasting order: functions that run at once end in any."""
    if body is None or not isinstance(body.get("input"), list):
        return body
    items: list[Any] = []
    for is_output, group in groupby(body["input"], lambda item: item.get("type") == "function_call_output"):
        found = list(group)
        items += sorted(found, key=lambda item: item["call_id"]) if is_output else found
    return {**body, "input": items}


def needs_function(question: str) -> bool:
    """Whether it is answered with what the function says."""
    return "how warm" in question.lower()


def _script(request: RunRequest) -> RunScript:
    question = request.last_user_text
    structured = request.body.get("text", {}).get("format", {}).get("type") == "json_schema"

    def answer(text: str, usage: Usage) -> Message:
        return Message(json.dumps({"answer": text}) if structured else text, usage=usage)

    def tell(outputs: Sequence[SubmittedOutput]) -> Message:
        return answer("; ".join(sorted(given.output for given in outputs)), TOLD)

    if not needs_function(question):
        return RunScript(answer("Hello.", ANSWERED))
    (name,) = [tool["name"] for tool in request.body["tools"]]  # semantic-kernel calls it Weather-get_weather
    asked = [FunctionCall(name, {"city": city}) for city in re.findall(r"in (\w+)", question)]
    return RunScript(ToolCalls(*asked, usage=ASKED), tell)


# -- what a response says -------------------------------------------------------------------------------


def texts(response: dict[str, Any]) -> list[str]:
    """Return the texts of its messages."""
    messages = [item for item in response["output"] if item["type"] == "message"]
    return ["".join(part["text"] for part in message["content"]) for message in messages]


def calls(response: dict[str, Any]) -> list[dict[str, Any]]:
    """Return its function calls."""
    return [item for item in response["output"] if item["type"] == "function_call"]


def output_of(call: dict[str, Any]) -> str:
    """Return what the program's function says to a call."""
    return get_weather(**json.loads(call["arguments"]))


def usage_of(response: dict[str, Any]) -> Tokens:
    """Return its tokens."""
    told = response["usage"]
    details = told["input_tokens_details"]["cached_tokens"], told["output_tokens_details"]["reasoning_tokens"]
    return Tokens(told["input_tokens"], told["output_tokens"], told["total_tokens"], *details)
