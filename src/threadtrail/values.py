"""The values that events carry: assistants, messages, runs, steps, tool calls.

Every class is a frozen, slotted, keyword-only dataclass; fields are only ever added, with defaults.
Times are Unix nanoseconds. The names have a broad sense, so that they fit Assistants and Responses alike:
a ``thread_id`` is a ``thread_…`` or a ``conv_…``, a run is a run or a response, a step is a run step
or an output item, an assistant may be a prompt or an agent.

A field marked ``CONTENT`` holds the app's own data (``threadtrail.parts``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from threadtrail._quick import construct_quickly
from threadtrail.callers import NO_ATTRIBUTES, Attributes, Caller, Carried
from threadtrail.parts import (
    CONTENT,
    EMPTY,
    FilePart,
    ImagePart,
    JsonObject,
    JsonValue,
    OtherPart,
    Part,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from threadtrail.steps import Failure, Message, Step, ToolCall, Usage

__all__ = [
    "CONTENT",
    "EMPTY",
    "NO_ATTRIBUTES",
    "NO_REQUEST",
    "Assistant",
    "Attributes",
    "Caller",
    "Carried",
    "Failure",
    "FilePart",
    "ImagePart",
    "JsonObject",
    "JsonValue",
    "Message",
    "OtherPart",
    "Part",
    "ReasoningPart",
    "RefusalPart",
    "Run",
    "RunRequest",
    "StatusChange",
    "Step",
    "TextPart",
    "ToolCall",
    "ToolCallPart",
    "ToolResultPart",
    "Usage",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assistant:
    """An assistant, or a stored prompt; only its id is known if another process created it.

    Attributes:
        tool_resources: files and vector stores of its tools.
        kind: ``assistant``, or ``prompt`` for a stored prompt.
        version: the version of a stored prompt.
    """

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
    kind: str = "assistant"
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """The request for a run, as the server repeated it, with the settings of the assistant in it.

    Attributes:
        additional_instructions: instructions of this run, besides those of the assistant.
        tools: the definitions of the tools.
        tool_names: the names of the tools, which are not content.
        output_type: ``text`` or ``json``, by ``response_format``; not content.
        completion_window: how long a background response may wait in the queue (``2h``).
        include: the results that the app asked for.
        prompt_variables: the values for a stored prompt.
    """

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
    previous_response_id: str | None = None
    background: bool | None = None
    completion_window: str | None = None
    store: bool | None = None
    include: tuple[str, ...] = ()
    max_tool_calls: int | None = None
    service_tier: str | None = None
    reasoning_summary: str | None = None
    verbosity: str | None = None
    context_management: JsonValue = None
    prompt_variables: JsonObject = field(default=EMPTY, metadata=CONTENT)


NO_REQUEST = RunRequest()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """A status of a run, and when and how the app saw it.

    Attributes:
        time: when the run took on the status, in Unix nanoseconds.
        learnt_from: ``create``, ``poll``, ``stream``, ``submit``, ``cancel``, ``update``, ``list`` or
            ``webhook``.
        type: as on the ``RunStatusChanged`` of this change; ``None`` in recordings of older versions.
        server_time: the time of the change by the server's clock, if it reports one.
        seen_at: when this process saw the status, if ``time`` is the server's; otherwise ``None``.
        stage: the meaning of the status: ``waiting`` for the server to begin, ``working``, ``asking`` for
            outputs of tool calls, or ``ended``; ``None`` for any other, or if only another process saw it.
    """

    status: str
    time: int
    learnt_from: str
    type: str | None = None
    server_time: int | None = None
    seen_at: int | None = None
    stage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of an assistant, or one response: everything known at its end.

    Attributes:
        thread_id: the thread, or the conversation.
        assistant: the assistant, or the stored prompt.
        model: the model that answered.
        request: what the app asked for.
        status: the last status that was seen.
        finished: false if the run was never seen to end.
        started_at: when the server began to work on it.
        ended_at: when it ended; if it is not finished, when it was given up.
        first_output_at: when the first output of its stream was seen.
        poll_count: the number of polls until the run ended.
        retry_count: the number of the SDK's own retries.
        observed_from_start: false if another process created the run.
        awaits_outputs: whether the run, when last seen, waited for outputs of tool calls.
        background: whether the server works on the response in the background.
        stored: whether the response can be retrieved later.
        answered_at: when the model's answer was seen; the app may still have to answer its calls.
        resumed: how often the stream was resumed.
        tool_usage: what hosted tools are billed for apart from ``usage``.
        request_id: the server's id of the request that created the response.
        deleted: whether the app deleted the response.
        previous_run_id: the response that this one follows in a chain.
        answers: the runs whose calls the input of this one answers.
        turn_id: the id of the first run of its turn.
        session_key: the same for all runs of a session.
        input_repeated: how many of the first input items an earlier run of the session had.
        one_generation: whether the run is a single answer of the model, as a response is. Then ``steps`` are
            the items of that answer. Otherwise an assistant works on the run, step by step.
        id_reused: whether another run had this id before, in the same process.
        called_by: the tool call that the run was begun for, in ``threadtrail.tool()``.
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
    source: str = "openai.assistants"
    background: bool = False
    stored: bool | None = None
    answered_at: int | None = None
    resumed: int = 0
    service_tier: str | None = None
    tool_usage: JsonObject = EMPTY
    request_id: str | None = None
    deleted: bool = False
    previous_run_id: str | None = None
    answers: tuple[str, ...] = ()
    turn_id: str | None = None
    session_key: str | None = None
    input_repeated: int | None = None
    one_generation: bool = False
    id_reused: bool = False
    called_by: Caller | None = None
    carried: Carried | None = None

    @property
    def key(self) -> str:
        """An id that no other run has: ``id``, with the time of creation if another run had that ``id``."""
        return f"{self.id}@{self.created_at}" if self.id_reused else self.id

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls of all steps, in order."""
        return tuple(call for step in self.steps for call in step.tool_calls)

    @property
    def asks_app(self) -> bool:
        """Whether it asked the app, or a person, for calls."""
        return any(not call.hosted for call in self.tool_calls)

    @property
    def shares_turn(self) -> bool:
        """Whether its turn may have more runs: it asked for calls, or it answers those of another run."""
        return self.asks_app or self.turn_id not in {None, self.id}

    @property
    def new_input(self) -> tuple[Message, ...]:
        """The input without the items of earlier runs of the session; all of it, if they are not known."""
        repeated = self.input_repeated or 0
        return self.input[repeated:] if repeated < len(self.input) else self.input

    @property
    def failed(self) -> bool:
        """Whether the run ended in an error, although HTTP said 200: status ``failed`` or ``expired``."""
        return self.status in {"failed", "expired"}

    def _repr_html_(self) -> str:
        """Return the run as a notebook shows it."""
        from threadtrail.notebook.records import run_html  # noqa: PLC0415 - only notebooks need it

        return run_html(self)


construct_quickly(Assistant, RunRequest, StatusChange, Run)
