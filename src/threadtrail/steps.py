"""What a run did: its steps with their tool calls, its messages, the tokens of both, and what failed.

A field marked ``CONTENT`` holds the app's own data, as in ``parts``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from threadtrail._quick import construct_quickly
from threadtrail.parts import CONTENT, EMPTY, JsonObject, JsonValue, Part, RefusalPart, TextPart


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of a run or a step. Cached and reasoning tokens are parts of input and output.

    A part is ``None`` if the server did not report it.

    Attributes:
        input_tokens: all input tokens, cached ones included.
        output_tokens: all output tokens, reasoning included.
        total_tokens: input and output together, as the server reports them.
        cached_input_tokens: input tokens read from the server's cache.
        reasoning_tokens: output tokens used for reasoning.
        cache_write_input_tokens: input tokens written to the server's cache.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    cached_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    cache_write_input_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a run, a step or a tool call failed.

    Attributes:
        type: the API's error code.
        message: the API's description.
        param: the argument that the API refuses.
    """

    type: str
    message: str | None = field(default=None, metadata=CONTENT)
    param: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message of a thread, or of a response's input or output.

    Attributes:
        role: ``user``, ``assistant``, ``system``, ``developer`` or ``tool``.
        id: ``None`` until the app has seen the message with its id.
        parts: text, images, files and other parts, in order.
        attachments: files that the message brings for tools.
        incomplete_reason: why the message was cut short.
        phase: ``commentary`` or ``final_answer``, if the API reports it.
        tool_call_id: the call whose output a message of the role ``tool`` holds.
    """

    role: str
    id: str | None = None
    thread_id: str | None = None
    run_id: str | None = None
    assistant_id: str | None = None
    status: str | None = None
    parts: tuple[Part, ...] = ()
    attachments: tuple[JsonObject, ...] = field(default=(), metadata=CONTENT)
    incomplete_reason: str | None = None
    created_at: int | None = None
    completed_at: int | None = None
    metadata: JsonObject = field(default=EMPTY, metadata=CONTENT)
    phase: str | None = None
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        """All text and refusals of the message, one part per line."""
        texts = (
            part.text if isinstance(part, TextPart) else part.refusal
            for part in self.parts
            if isinstance(part, (TextPart, RefusalPart))
        )
        return "\n".join(text for text in texts if text)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call of a tool within a run.

    A function call of an assistant lasts from the first look at ``requires_action`` until its output was
    submitted.

    Attributes:
        kind: ``function``, ``code_interpreter``, ``file_search``, and any other kind of the API.
        arguments: the function's JSON text, or the interpreter's code.
        output: the output as text.
        results: structured outputs (found passages, logs, images) as the API gave them.
        seen_live: whether the times are those of the local clock; otherwise they are the server's whole
            seconds.
        status: the API's word for the state of the call.
        item_id: the id of the output item, if it differs from the call's.
        executed_by: ``client``, ``server`` or ``human``.
        server_label: the MCP server of the tool.
        namespace: the namespace of the function.
        caller_id: the call of a program that made this call.
        approved: the answer to a request for approval.
    """

    id: str
    kind: str
    name: str
    arguments: str | None = field(default=None, metadata=CONTENT)
    output: str | None = field(default=None, metadata=CONTENT)
    results: tuple[JsonValue, ...] = field(default=(), metadata=CONTENT)
    error: Failure | None = None
    started_at: int | None = None
    ended_at: int | None = None
    seen_live: bool = False
    status: str | None = None
    item_id: str | None = None
    executed_by: str | None = None
    server_label: str | None = None
    namespace: str | None = None
    caller_id: str | None = None
    approved: bool | None = None

    @property
    def hosted(self) -> bool:
        """Whether the server runs the tool; without ``executed_by``, all but functions and custom tools."""
        if self.executed_by is not None:
            return self.executed_by == "server"
        return self.kind not in {"function", "custom"}

    @property
    def answered(self) -> bool:
        """Whether it has an output, a failure or an end."""
        known = (self.output, self.error, self.ended_at, self.approved)
        return bool(self.results) or any(value is not None for value in known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a run, or one output item of a response.

    Attributes:
        id: ``None`` for a step that the app never looked at; its usage and status are not known.
        kind: ``message_creation`` or ``tool_calls``; for a response, the type of the output item.
        message_id: the message that the step made.
        seen_live: whether the times are those of the local clock; otherwise they are the server's whole
            seconds.
        index: the place among the output items of a response.
        parts: contents other than a message, such as reasoning.
        phase: as in ``Message``.
    """

    id: str | None
    kind: str
    status: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    message_id: str | None = None
    usage: Usage | None = None
    error: Failure | None = None
    started_at: int | None = None
    ended_at: int | None = None
    seen_live: bool = False
    index: int | None = None
    parts: tuple[Part, ...] = ()
    phase: str | None = None


construct_quickly(Usage, Failure, Message, ToolCall, Step)
