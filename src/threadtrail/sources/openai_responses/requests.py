"""Reads what responses were asked to do, only once for requests that repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail._frozen import freeze
from threadtrail._quick import changed
from threadtrail.sources.json_values import (
    bool_or_none,
    count,
    items,
    mapping,
    number_or_none,
    text_or_none,
)
from threadtrail.sources.openai_responses.contents import joined_text
from threadtrail.sources.repeated import Repeated
from threadtrail.sources.tool_definitions import tool_definitions
from threadtrail.values import EMPTY, RunRequest

if TYPE_CHECKING:
    from collections.abc import Callable

CHOICE = ("type", "mode", "name", "server_label")
FORMATS = {"text": "text", "json_object": "json", "json_schema": "json"}

ECHOED = (
    "background",
    "background_options",
    "context_management",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "parallel_tool_calls",
    "prompt",
    "reasoning",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_p",
    "truncation",
)
"""The fields of its request that a response repeats; those that it leaves out are read from the request."""

FIELDS = ("model", *ECHOED)
"""The fields that ``run_request`` reads of a response."""

SENT_FIELDS = ("include", "model", "service_tier", "stream", *ECHOED)
"""The fields that ``run_request`` reads of the request for a response."""


class Requests:
    """Reads what responses were asked to do."""

    def __init__(self) -> None:
        self._repeated: Repeated[RunRequest] = Repeated(run_request, fields=FIELDS, sent=SENT_FIELDS)

    def read(self, data: dict[str, Any], sent: dict[str, Any]) -> RunRequest:
        """Return what a response was asked to do: as the server echoes it, and as it was sent."""
        previous = data.get("previous_response_id") or sent.get("previous_response_id")
        kind = text_or_none(data.get("model")), text_or_none(mapping(data.get("prompt")).get("id"))
        # Not part of what is compared: in a chain, each response has another predecessor.
        return changed(self._repeated.read(kind, data, sent), previous_response_id=text_or_none(previous))

    def shrink(self, max_bytes: int, size: Callable[[Any], int]) -> int:
        """Forget the oldest until the others take ``max_bytes`` at most; return how many they take."""
        return self._repeated.shrink(max_bytes, size)


def run_request(data: dict[str, Any], sent: dict[str, Any]) -> RunRequest:
    """Return what a response was asked to do, without ``previous_response_id``."""
    asked = {name: sent.get(name) if data.get(name) is None else data[name] for name in ECHOED}
    definitions, names = tool_definitions(items(asked["tools"]), _tool_names)
    text, reasoning = mapping(asked["text"]), mapping(asked["reasoning"])
    shape = mapping(text.get("format"))
    variables = mapping(mapping(asked["prompt"]).get("variables"))
    return RunRequest(
        model=text_or_none(sent.get("model")) or text_or_none(data.get("model")),
        instructions=joined_text(asked["instructions"]),
        tools=definitions,
        tool_names=names,
        tool_choice=freeze(_tool_choice(asked["tool_choice"])),
        parallel_tool_calls=bool_or_none(asked["parallel_tool_calls"]),
        temperature=number_or_none(asked["temperature"]),
        top_p=number_or_none(asked["top_p"]),
        max_output_tokens=count(asked, "max_output_tokens"),
        reasoning_effort=text_or_none(reasoning.get("effort")),
        output_type=FORMATS.get(str(shape.get("type"))),
        response_format=freeze(shape or None),
        truncation=freeze(asked["truncation"]),
        stream=bool(sent.get("stream")),
        background=bool_or_none(asked["background"]),
        completion_window=text_or_none(mapping(asked["background_options"]).get("completion_window")),
        store=bool_or_none(asked["store"]),
        include=tuple(name for name in items(sent.get("include")) if isinstance(name, str)),
        max_tool_calls=count(asked, "max_tool_calls"),
        service_tier=text_or_none(sent.get("service_tier")),
        reasoning_summary=text_or_none(reasoning.get("summary")),
        verbosity=text_or_none(text.get("verbosity")),
        context_management=freeze(asked["context_management"]),
        prompt_variables=freeze(variables) if variables else EMPTY,
    )


def _tool_names(tool: dict[str, Any]) -> tuple[Any, ...]:
    """Return a tool's possible names: its own, that of its server, and its kind."""
    return tool.get("name"), tool.get("server_label"), tool.get("type")


def _tool_choice(value: Any) -> Any:
    """Return which tools the model may choose, by name, without their definitions."""
    if not isinstance(value, dict):
        return text_or_none(value)
    named = {key: value[key] for key in CHOICE if isinstance(value.get(key), str)}
    allowed = [_tool_choice(tool) for tool in items(value.get("tools"))]
    return {**named, "tools": allowed} if allowed else named
