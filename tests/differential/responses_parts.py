"""What the parts of the play of Responses share."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from threadtrail.testing.server import (
    CodeInterpreterCall,
    CustomToolCall,
    FileSearchCall,
    FileSearchResult,
    FunctionCall,
    Message,
    Reasoning,
    Refusal,
    RunScript,
    ToolCalls,
    WebSearchCall,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MODEL = "gpt-4o"
ASK: dict[str, Any] = {"model": MODEL, "input": "3x + 11 = 14?"}
WEATHER_TOOL: dict[str, Any] = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}
WEATHER = RunScript(
    ToolCalls(
        FunctionCall("get_weather", arguments={"city": "Paris"}),
        FunctionCall("get_time", arguments='{"zone": "CET"'),
    ),
    "It is sunny.",
)
EVERYTHING = RunScript(
    Reasoning("They want to know."),
    ToolCalls(CodeInterpreterCall("print(1)", logs="1\n")),
    ToolCalls(FileSearchCall([FileSearchResult("a.txt", "text", 0.5)])),
    ToolCalls(WebSearchCall("the weather")),
    Message("First."),
    Message(Refusal("I cannot.")),
    ToolCalls(CustomToolCall("shout", "hey")),
)


def tools() -> Iterator[dict[str, Any]]:
    """Yield the tools one by one: an iterator that can be used up only once."""
    yield WEATHER_TOOL


def outputs_for(response: Any) -> list[dict[str, Any]]:
    """Return an output for each call that the app has to answer."""
    return [
        {"type": f"{item.type}_output", "call_id": item.call_id, "output": f"output of {item.name}"}
        for item in response.output
        if item.type in {"function_call", "custom_tool_call"}
    ]


def takes(method: Any, name: str) -> bool:
    """Whether this version's method has the argument."""
    return name in inspect.signature(method).parameters


def given(method: Any, **options: Any) -> dict[str, Any]:
    """Return the options as this version takes them: what it does not know goes into the body."""
    known = {name: value for name, value in options.items() if takes(method, name)}
    more = {name: value for name, value in options.items() if name not in known}
    return {**known, "extra_body": more} if more else known
