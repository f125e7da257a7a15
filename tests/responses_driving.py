"""Each way in which an application uses responses, once; for the exporters' suites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.testing.server import (
    CodeInterpreterCall,
    FunctionCall,
    Message,
    RunScript,
    ToolCalls,
    Usage,
    WebSearchCall,
)

if TYPE_CHECKING:
    from openai import OpenAI

    from threadtrail.testing import AssistantsServer

USAGE = Usage(100, 20)
ASK: dict[str, Any] = {"model": "gpt-4o", "input": "How is the weather in Paris?"}
WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {}},
    "strict": False,
}


def in_the_background(server: AssistantsServer, client: OpenAI) -> Any:
    """Create a response in the background, and poll it until it is done, and once more."""
    server.script_next(RunScript(Message("Sunny."), usage=USAGE, polls=5, queued_polls=2))
    response = client.responses.create(**ASK, background=True)
    while response.status in {"queued", "in_progress"}:
        response = client.responses.retrieve(response.id)
    return client.responses.retrieve(response.id)


def with_hosted_tools(server: AssistantsServer, client: OpenAI) -> Any:
    """Stream a response that searches the web and runs code."""
    tools = (ToolCalls(WebSearchCall("Paris")), ToolCalls(CodeInterpreterCall("print(22)", "22")))
    server.script_next(RunScript(*tools, Message("22 degrees."), usage=USAGE))
    with client.responses.stream(**ASK) as stream:
        return stream.get_final_response()


def with_a_function(server: AssistantsServer, client: OpenAI) -> Any:
    """Create a response that asks for a function."""
    calls = ToolCalls(FunctionCall("get_weather", {"city": "Paris"}))
    server.script_next(RunScript(calls, Message("Warm."), usage=USAGE))
    return client.responses.create(**ASK, tools=[WEATHER])


def with_an_answered_function(server: AssistantsServer, client: OpenAI) -> Any:
    """Create a response that asks for a function, and one that has its output; return the first."""
    asking = with_a_function(server, client)
    output: Any = {"type": "function_call_output", "call_id": asking.output[-1].call_id, "output": "22"}
    client.responses.create(model="gpt-4o", previous_response_id=asking.id, input=[output])
    return asking
