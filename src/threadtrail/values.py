"""The values that events carry: what is known of an assistant, a message, a run, a step, a tool call.

Every class is a frozen, slotted, keyword-only dataclass; fields are only ever added, with defaults.
Times are Unix nanoseconds. The nouns are meant broadly, so that Assistants and Responses fit alike:
a ``thread_id`` is a ``thread_…`` or a ``conv_…``, a run is a run or a response, a step is a run step
or an output item, an assistant may be a prompt or an agent.

A field marked ``CONTENT`` holds the app's own data. ``capture_content=False`` sets it back to its
default, ``redact`` sees each text in it, ``max_content_bytes`` shortens it: whatever the field, and
whatever class is added later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from threadtrail._frozen import AsJson, FrozenDict

CONTENT = {"content": True}
"""Marks a dataclass field as the app's own data."""

JsonObject = Annotated[Mapping[str, Any], AsJson("object")]
JsonValue = Annotated[Any, AsJson("any")]

EMPTY: Mapping[str, Any] = FrozenDict()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of a run or a step: one total each; cached and reasoning tokens are parts of them.

    ``None`` for a part means that the server did not say.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    cached_input_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a run, a step or a tool call failed: the API's code as ``type``, its words as ``message``."""

    type: str
    message: str | None = field(default=None, metadata=CONTENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """Text of a message, with the API's annotations (citations, file paths) as they came."""

    type: Literal["text"] = "text"
    text: str = field(default="", metadata=CONTENT)
    annotations: tuple[JsonObject, ...] = field(default=(), metadata=CONTENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalPart:
    """The model's refusal to answer, in its own words."""

    type: Literal["refusal"] = "refusal"
    refusal: str = field(default="", metadata=CONTENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePart:
    """An image: an uploaded file, a URL, or inline data.

    Inline base64 data over ``max_content_bytes`` is left out; ``media_type`` and ``size_bytes`` (of the
    decoded data) then say what stood there.
    """

    type: Literal["image"] = "image"
    file_id: str | None = None
    url: str | None = field(default=None, metadata=CONTENT)
    detail: str | None = None
    media_type: str | None = field(default=None, metadata=CONTENT)
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """A file or an audio clip within a message; inline data is treated as in ``ImagePart``."""

    type: Literal["file"] = "file"
    file_id: str | None = None
    filename: str | None = field(default=None, metadata=CONTENT)
    url: str | None = field(default=None, metadata=CONTENT)
    media_type: str | None = field(default=None, metadata=CONTENT)
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPart:
    """A content type that this version does not know: kept as it came, not dropped."""

    type: str = "unknown"
    data: JsonObject = field(default=EMPTY, metadata=CONTENT)


Part = TextPart | RefusalPart | ImagePart | FilePart | OtherPart


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message of a thread. ``id`` is ``None`` while the app has only sent it, never seen it back."""

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

    ``kind`` is open: ``function``, ``code_interpreter``, ``file_search``, and whatever the API adds.
    ``arguments`` is the function's JSON text or the interpreter's code; ``output`` is text, and
    ``results`` holds structured outputs (found passages, logs and images) as the API gave them.
    ``seen_live`` says that the times are the local clock's; else they are the server's whole seconds.
    A function call lasts from ``requires_action`` seen until its output was submitted.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a run: ``kind`` is ``message_creation`` or ``tool_calls``, or a later API's item type.

    ``id`` is ``None`` for a step that the app never looked at: its tool calls are known from
    ``requires_action``, its usage and status are not.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Assistant:
    """What is known of an assistant; only its id, if the app created it elsewhere."""

    id: str
    name: str | None = None
    description: str | None = field(default=None, metadata=CONTENT)
    model: str | None = None
    instructions: str | None = field(default=None, metadata=CONTENT)
    tools: tuple[JsonObject, ...] = field(default=(), metadata=CONTENT)
    tool_resources: JsonObject = field(default=EMPTY, metadata=CONTENT)
    temperature: float | None = None
    top_p: float | None = None
    reasoning_effort: str | None = None
    response_format: JsonValue = field(default=None, metadata=CONTENT)
    created_at: int | None = None
    metadata: JsonObject = field(default=EMPTY, metadata=CONTENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a run was asked to do: as the server echoed it, so with the assistant's own settings in it."""

    model: str | None = None
    instructions: str | None = field(default=None, metadata=CONTENT)
    additional_instructions: str | None = field(default=None, metadata=CONTENT)
    tools: tuple[JsonObject, ...] = field(default=(), metadata=CONTENT)
    tool_names: tuple[str, ...] = ()
    tool_choice: JsonValue = None
    parallel_tool_calls: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    reasoning_effort: str | None = None
    output_type: str | None = None
    response_format: JsonValue = field(default=None, metadata=CONTENT)
    truncation: JsonValue = None
    stream: bool = False


NO_REQUEST = RunRequest()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """A status that the run took on, when (Unix nanoseconds), and how the app learnt of it.

    ``learnt_from``: ``create``, ``poll``, ``stream``, ``submit``, ``cancel``, ``update`` or ``list``.
    ``type`` is that of the change's ``RunStatusChanged``; ``None`` in recordings made before it was kept.
    """

    status: str
    time: int
    learnt_from: str
    type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What the app said of the caller: set by ``threadtrail.attributes()`` and ``threadtrail.trace()``."""

    user_id: str | None = None
    session_id: str | None = None
    tags: tuple[str, ...] = ()
    metadata: JsonObject = EMPTY


NO_ATTRIBUTES = Attributes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of an assistant, whole: everything known at its end, in one value.

    ``finished`` is false for a run that was never seen to end; ``ended_at`` is then when it was given up.
    ``poll_count`` counts the looks of the app at the run; ``retry_count`` the SDK's own retries.
    ``observed_from_start`` is false for a run that another process created. ``awaits_outputs``: when last
    seen, the run waited for the app to submit outputs of tool calls.
    """

    id: str
    thread_id: str | None = None
    assistant: Assistant | None = None
    model: str | None = None
    request: RunRequest = NO_REQUEST
    status: str | None = None
    status_history: tuple[StatusChange, ...] = ()
    finished: bool = False
    created_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    first_output_at: int | None = None
    input: tuple[Message, ...] = ()
    output: tuple[Message, ...] = ()
    steps: tuple[Step, ...] = ()
    usage: Usage | None = None
    error: Failure | None = None
    incomplete_reason: str | None = None
    poll_count: int = 0
    retry_count: int = 0
    streamed: bool = False
    observed_from_start: bool = True
    awaits_outputs: bool = False
    metadata: JsonObject = field(default=EMPTY, metadata=CONTENT)
    attributes: Attributes = NO_ATTRIBUTES

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls of all steps, in order."""
        return tuple(call for step in self.steps for call in step.tool_calls)

    @property
    def failed(self) -> bool:
        """Whether the run ended in an error, although HTTP said 200: status ``failed`` or ``expired``."""
        return self.status in {"failed", "expired"}
