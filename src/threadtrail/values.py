"""The values that events carry: what is known of an assistant, a message, a run, a step, a tool call.

Every class is a frozen, slotted, keyword-only dataclass; fields are only ever added, with defaults.
Times are Unix nanoseconds. The nouns are meant broadly, so that Assistants and Responses fit alike:
a ``thread_id`` is a ``thread_…`` or a ``conv_…``, a run is a run or a response, a step is a run step
or an output item, an assistant may be a prompt or an agent.

A field marked ``CONTENT`` holds the app's own data (``threadtrail.parts``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from threadtrail._quick import construct_quickly
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
class Usage:
    """Tokens of a run or a step: one total each; cached and reasoning tokens are parts of them.

    ``cached_input_tokens`` were read from the server's cache, ``cache_write_input_tokens`` written to it.
    ``None`` for a part means that the server did not say.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    cached_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    cache_write_input_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a run, a step or a tool call failed: the API's code as ``type``, its words as ``message``.

    ``param`` names the argument that the API complains about.
    """

    type: str
    message: str | None = field(default=None, metadata=CONTENT)
    param: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message of a thread. ``id`` is ``None`` while the app has only sent it, never seen it back.

    ``phase``: ``commentary`` or ``final_answer``, where the API says so. ``tool_call_id`` names the call
    whose output a message of the role ``tool`` holds.
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

    ``kind`` is open: ``function``, ``code_interpreter``, ``file_search``, and whatever the API adds.
    ``arguments`` is the function's JSON text or the interpreter's code; ``output`` is text, and
    ``results`` holds structured outputs (found passages, logs and images) as the API gave them.
    ``seen_live`` says that the times are the local clock's; else they are the server's whole seconds.
    A function call lasts from ``requires_action`` seen until its output was submitted.

    ``status`` is the API's word; ``item_id`` the id of the output item, where the call has another one;
    ``executed_by`` is ``client``, ``server`` or ``human``; ``caller_id`` names the call of a program that
    made this one; ``server_label`` the MCP server, ``namespace`` that of the function; ``approved`` is the
    answer to a question whether a tool may be called.
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
        """Whether the server runs the tool itself; where nobody says so, it runs all but functions."""
        if self.executed_by is not None:
            return self.executed_by == "server"
        return self.kind not in {"function", "custom"}

    @property
    def answered(self) -> bool:
        """Whether its output, its failure or its end is known."""
        known = (self.output, self.error, self.ended_at, self.approved)
        return bool(self.results) or any(value is not None for value in known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a run: ``kind`` is ``message_creation`` or ``tool_calls``, or a later API's item type.

    ``id`` is ``None`` for a step that the app never looked at: its tool calls are known from
    ``requires_action``, its usage and status are not. ``index`` is its place among the run's output items,
    ``parts`` what it holds besides a message (reasoning), ``phase`` as in ``Message``.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Assistant:
    """What is known of an assistant; only its id, if the app created it elsewhere.

    ``kind`` is ``assistant``, or ``prompt`` for a stored prompt, which has a ``version``.
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
    """What a run was asked to do: as the server echoed it, so with the assistant's own settings in it.

    ``completion_window`` is how long a background response may stand in the queue (``2h``); ``include`` names
    results that the app asked for; ``prompt_variables`` are the values for a stored prompt.
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
    """A status that the run took on, when (Unix nanoseconds), and how the app learnt of it.

    ``learnt_from``: ``create``, ``poll``, ``stream``, ``submit``, ``cancel``, ``update``, ``list`` or
    ``webhook``.
    ``type`` is that of the change's ``RunStatusChanged``; ``None`` in recordings made before it was kept.
    ``server_time`` is the server's own stamp of the change, by its clock; ``None`` where it gives none.
    ``seen_at`` is when this process saw it, where ``time`` is the server's; ``None`` where ``time`` says so.
    ``stage`` is what the status means: ``waiting`` for the server to work on the run, ``working``, ``asking``
    for outputs of tool calls, or ``ended``; ``None`` if it is none of these, or only another process said so.
    """

    status: str
    time: int
    learnt_from: str
    type: str | None = None
    server_time: int | None = None
    seen_at: int | None = None
    stage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What the app said of the caller: set by ``threadtrail.attributes()`` and ``threadtrail.trace()``."""

    user_id: str | None = None
    session_id: str | None = None
    tags: tuple[str, ...] = ()
    metadata: JsonObject = EMPTY


NO_ATTRIBUTES = Attributes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What another process passed on by ``threadtrail.carrier()``: where a run, or the work here, belongs.

    ``traceparent`` and ``tracestate`` name a span of OpenTelemetry, by W3C's Trace Context. ``trace_id`` is
    the ``threadtrail.trace()`` around it. ``trace_name`` is the name of the outermost one,
    ``outermost_trace_id`` its id, if that is another, ``around`` the W3C trace id of the app's span in which
    it was entered.
    ``attributes`` are those of the caller, where they were passed on; ``made_at`` is when that was done.
    """

    traceparent: str | None = None
    tracestate: str | None = None
    trace_id: str | None = None
    trace_name: str | None = None
    outermost_trace_id: str | None = None
    around: str | None = None
    attributes: Attributes = NO_ATTRIBUTES
    made_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The tool call whose work a run was begun for.

    ``run_id`` is the run that asked for the call, ``turn_id`` that run's turn; ``None`` if this process has
    not seen it, or too long ago.
    """

    call_id: str
    run_id: str | None = None
    turn_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of an assistant, whole: everything known at its end, in one value.

    ``finished`` is false for a run that was never seen to end; ``ended_at`` is then when it was given up.
    ``poll_count`` counts the looks of the app at the run; ``retry_count`` the SDK's own retries.
    ``observed_from_start`` is false for a run that another process created. ``awaits_outputs``: when last
    seen, the run waited for the app to submit outputs of tool calls. ``id_reused``: another run had this id
    before in the same process; ``key`` tells them apart.

    What follows is known of responses alone. ``background``: the server works on it by itself; ``stored``:
    it may be retrieved later; ``answered_at``: when the model's answer was there, also where the app still
    has to answer its calls; ``resumed``: how often its stream was taken up again; ``tool_usage``: what hosted
    tools are billed for apart from ``usage``; ``request_id``: the server's, of the request that created it;
    ``deleted``: the app deleted it.

    ``previous_run_id`` is the response that it follows in a chain; ``answers`` the runs whose calls its input
    answered; ``turn_id`` the first run of its turn; ``session_key`` what its chain is known by;
    ``input_repeated`` how many of its first input items an earlier run of the chain had. ``called_by`` is the
    tool call in whose ``threadtrail.tool()`` it began.

    ``one_generation``: the model answers at one go, and ``steps`` are the items of that answer, in order;
    else an assistant works on the run, step by step.
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
        """What names this run alone: its id; with the time of its creation, if another run had that id."""
        return f"{self.id}@{self.created_at}" if self.id_reused else self.id

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls of all steps, in order."""
        return tuple(call for step in self.steps for call in step.tool_calls)

    @property
    def asks_app(self) -> bool:
        """Whether it left calls to the app, or to a person, whose outputs the server waits for."""
        return any(not call.hosted for call in self.tool_calls)

    @property
    def shares_turn(self) -> bool:
        """Whether its turn has more runs: it left calls to the app, or brings what another run asked."""
        return self.asks_app or self.turn_id not in {None, self.id}

    @property
    def new_input(self) -> tuple[Message, ...]:
        """The input without what an earlier run of the chain had; all of it, if that is not known."""
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


construct_quickly(Usage, Failure, Message, ToolCall, Step, Assistant, RunRequest, StatusChange, Run)
