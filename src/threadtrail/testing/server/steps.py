"""The steps of a run: the messages that it writes and the tools that it calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from threadtrail.testing.server.responses.calls import Reasoning, ResponsesCall

NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one step, or of a whole run.

    Attributes:
        prompt_tokens: tokens of the input.
        completion_tokens: tokens of the output.
        cached_tokens: those of `prompt_tokens` that were read from the cache; sent by Responses, as the rest.
        cache_write_tokens: those of `prompt_tokens` that were written to the cache.
        reasoning_tokens: those of `completion_tokens` that were used for reasoning.
    """

    prompt_tokens: int = 20
    completion_tokens: int = 10
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the object as the Assistants API sends it, with the total added up."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
        }


# ---------------------------------------------------------------------------------------------
# parts of a message
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """A text part; a plain string in `Message("...")` means the same without annotations.

    Attributes:
        value: the text.
        annotations: file citations and file paths, as the API's own JSON objects.
    """

    value: str
    annotations: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A part with the model's refusal."""

    refusal: str


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A part that shows an image file.

    Attributes:
        file_id: the file's id; one is made up when it is empty.
    """

    file_id: str = ""


Part: TypeAlias = str | Text | Refusal | ImageFile | Mapping[str, Any]
"""One part of a message. A mapping is sent as it is, for new part types."""


# ---------------------------------------------------------------------------------------------
# tool calls
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call of one of the assistant's functions; the run waits for its output.

    Attributes:
        name: the function's name.
        arguments: a mapping, sent as JSON, or the exact string to send.
        id: the tool call's id; one is made up when it is empty.
        extra: further fields of a response's item, for example `{"async": True}`.
    """

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)
    id: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def arguments_json(self) -> str:
        """Return the arguments as the string that the API sends."""
        if isinstance(self.arguments, str):
            return self.arguments
        return json.dumps(dict(self.arguments))


@dataclass(frozen=True, slots=True)
class CodeInterpreterCall:
    """Code that the code interpreter ran.

    Attributes:
        input: the code.
        logs: what it printed; no logs output when empty.
        images: ids of the image files it made.
        id: the tool call's id; one is made up when it is empty.
    """

    input: str
    logs: str = ""
    images: Sequence[str] = ()
    id: str = ""


@dataclass(frozen=True, slots=True)
class FileSearchResult:
    """One result of a file search; its text is sent only when the request includes it."""

    file_name: str
    text: str = ""
    score: float = 0.9
    file_id: str = ""


@dataclass(frozen=True, slots=True)
class FileSearchCall:
    """A search in files.

    Attributes:
        results: what was found.
        id: the tool call's id; one is made up when it is empty.
        queries: what was searched for; only Responses shows it.
    """

    results: Sequence[FileSearchResult] = ()
    id: str = ""
    queries: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class UnknownToolCall:
    """A tool call of a type that no SDK has.

    Attributes:
        type: the type, for example `"hologram"`.
        fields: further fields of the tool call, sent as they are.
        id: the tool call's id; one is made up when it is empty.
    """

    type: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""


AssistantsCall: TypeAlias = FunctionCall | CodeInterpreterCall | FileSearchCall | UnknownToolCall
"""A call that a run of Assistants can make, and a response as well."""
ToolCall: TypeAlias = AssistantsCall | ResponsesCall


@dataclass(frozen=True, slots=True)
class SubmittedOutput:
    """What the application answered to one call.

    Attributes:
        tool_call_id: the id of the call.
        name: the function's name; of other calls their type.
        arguments: the arguments as sent.
        output: what the application submitted; JSON if it is not a text.
    """

    tool_call_id: str
    name: str
    arguments: str
    output: str


# ---------------------------------------------------------------------------------------------
# steps
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, init=False)
class Message:
    """A step that writes one message; `Message()` has empty content.

    Attributes:
        parts: the content.
        usage: tokens of the step; `None` sends `null`.
        extra: further fields of the message, sent as they are.
    """

    parts: tuple[Part, ...]
    usage: Usage | None
    extra: Mapping[str, Any]

    def __init__(
        self,
        *parts: Part,
        usage: Usage | None = Usage(),
        extra: Mapping[str, Any] = NOTHING,
    ) -> None:
        object.__setattr__(self, "parts", parts)
        object.__setattr__(self, "usage", usage)
        object.__setattr__(self, "extra", extra)


@dataclass(frozen=True, slots=True, init=False)
class ToolCalls:
    """A step that calls tools, in parallel.

    Calls that the application answers stop an Assistants run in `requires_action`, and end a response.

    Attributes:
        calls: the calls, in order.
        usage: tokens of the step; `None` sends `null`.
        extra: further fields of the step, sent as they are; with Responses, of each item.
    """

    calls: tuple[ToolCall, ...]
    usage: Usage | None
    extra: Mapping[str, Any]

    def __init__(
        self,
        *calls: ToolCall,
        usage: Usage | None = Usage(15, 5),
        extra: Mapping[str, Any] = NOTHING,
    ) -> None:
        object.__setattr__(self, "calls", calls)
        object.__setattr__(self, "usage", usage)
        object.__setattr__(self, "extra", extra)


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """An event that only streams show, for example one that no SDK has."""

    event: str
    data: Mapping[str, Any]


Step: TypeAlias = Message | ToolCalls | StreamEvent | Reasoning | Mapping[str, Any]
"""A step. A mapping is an output item of a response, sent as it is; an Assistants run leaves it out.
Reasoning is left out there as well."""
AnyStep: TypeAlias = Step | Callable[[Sequence[SubmittedOutput]], Step]
"""A step, or a function that makes it from all outputs submitted so far, in order."""
