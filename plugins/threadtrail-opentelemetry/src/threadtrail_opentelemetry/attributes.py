"""Names and attributes of spans: those that samplers need at the start, and those known at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.otlp.emitting import known
from threadtrail_opentelemetry import conventions as c
from threadtrail_opentelemetry.outcomes import run_finish_reason, turn_finish_reason

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from threadtrail.events import Event
    from threadtrail.trace_shape import Span as Node
    from threadtrail.values import Attributes, Run, ToolCall, Usage

Values = dict[str, Any]

SECOND = 1_000_000_000
TOOL_TYPES = {"file_search": "datastore", "retrieval": "datastore"}
"""Searches in stores; all other tools are functions of the app, or extensions of the API."""


def title(*words: str | None) -> str:
    """Return a span's name: the operation, and the name of its object, if there is one."""
    return " ".join(word for word in words if word)


def set_known(span: Span, values: Values) -> None:
    """Set those attributes that have a value."""
    span.set_attributes(known(values))


def at_server(event: Event, operation: str) -> Values:
    """Return the attributes that every span of a call to the API has at its start."""
    return {
        c.OPERATION_NAME: operation,
        c.PROVIDER_NAME: event.provider,
        c.SERVER_ADDRESS: event.server_address,
        c.SERVER_PORT: event.server_port if event.server_address else None,
    }


def of_caller(attributes: Attributes, trace_id: str | None, session: str | None = None) -> Values:
    """Return user, session, tags and metadata: on every span, since backends filter spans, not traces.

    ``session`` is the known session, if the app names none.
    """
    return {
        c.USER_ID: attributes.user_id,
        c.SESSION_ID: attributes.session_id or session,
        c.OWN_TAGS: list(attributes.tags) or None,
        c.OWN_TRACE_ID: trace_id,
        **{c.OWN_METADATA + key: plain(value) for key, value in attributes.metadata.items()},
    }


def plain(value: Any) -> Any:
    """Return a value of the app's metadata as one that any backend accepts."""
    return value if value is None or isinstance(value, (str, bool, int, float)) else str(value)


def agent_start(event: Event, run: Run, node: Node) -> Values:
    """Return the attributes of ``invoke_agent`` of an assistant's run at its start."""
    return {
        **at_server(event, c.INVOKE_AGENT),
        c.REQUEST_MODEL: node.model,
        c.AGENT_ID: run.assistant.id if run.assistant else None,
        c.AGENT_NAME: run.assistant.name if run.assistant else None,
        c.CONVERSATION_ID: run.thread_id,
        c.OWN_RUN_ID: run.id,
    }


def agent_end(run: Run) -> Values:
    """Return the attributes of ``invoke_agent`` at its end."""
    request, reason = run.request, run_finish_reason(run)
    return {
        c.AGENT_DESCRIPTION: run.assistant.description if run.assistant else None,
        c.REQUEST_TEMPERATURE: request.temperature,
        c.REQUEST_TOP_P: request.top_p,
        c.REQUEST_MAX_TOKENS: request.max_output_tokens,
        c.OUTPUT_TYPE: request.output_type,
        c.RESPONSE_FINISH_REASONS: [reason] if reason else None,
        c.DATA_SOURCE_ID: _data_source(run),
        **run_facts(run),
        c.OWN_RUN_MAX_INPUT_TOKENS: request.max_input_tokens,
    }


def run_facts(run: Run) -> Values:
    """Return how the run went and was observed; the root of its tree has these attributes."""
    return {
        c.OWN_RUN_STATUS: run.status,
        c.OWN_RUN_FINISHED: run.finished,
        c.OWN_RUN_OBSERVED_FROM_START: None if run.observed_from_start else False,
        c.OWN_RUN_INCOMPLETE_REASON: run.incomplete_reason,
        c.OWN_RUN_POLLS: run.poll_count,
        c.OWN_RUN_RETRIES: run.retry_count or None,
        c.OWN_RUN_QUEUED: seconds(run.created_at, run.started_at),
        c.OWN_RUN_FIRST_OUTPUT: seconds(run.created_at, run.first_output_at),
        **{c.OWN_RUN_METADATA + key: plain(value) for key, value in run.metadata.items()},
    }


def chat_start(event: Event, run: Run, node: Node) -> Values:
    """Return the attributes of ``chat`` at its start."""
    return {
        **at_server(event, c.CHAT),
        c.REQUEST_MODEL: node.model,
        c.CONVERSATION_ID: run.thread_id,
        c.OWN_RUN_ID: run.id,
        c.OWN_STEP_ID: node.step.id if node.step else None,
    }


def chat_end(run: Run, node: Node) -> Values:
    """Return the attributes of ``chat`` at its end; ``reconstructed``: the API made the call, not the app."""
    request, reason, step = run.request, turn_finish_reason(run, node), node.step
    streamed = run.streamed or request.stream
    return {
        c.REQUEST_TEMPERATURE: request.temperature,
        c.REQUEST_TOP_P: request.top_p,
        c.REQUEST_REASONING_LEVEL: request.reasoning_effort,
        c.REQUEST_STREAM: streamed or None,
        c.OUTPUT_TYPE: request.output_type,
        c.RESPONSE_FINISH_REASONS: [reason] if reason else None,
        c.RESPONSE_TIME_TO_FIRST_CHUNK: seconds(node.start, node.first_output_at) if streamed else None,
        c.OWN_STEP_STATUS: step.status if step else None,
        c.OWN_MESSAGE_ID: step.message_id if step else None,
        c.OWN_RECONSTRUCTED: True,
    }


def tool_start(run: Run, node: Node, call: ToolCall) -> Values:
    """Return the attributes of ``execute_tool`` at its start."""
    return {
        c.OPERATION_NAME: c.EXECUTE_TOOL,
        c.TOOL_NAME: call.name,
        c.TOOL_TYPE: tool_type(call),
        c.TOOL_CALL_ID: call.id or None,
        c.AGENT_NAME: run.assistant.name if run.assistant and not run.one_generation else None,
        c.CONVERSATION_ID: run.thread_id,
        c.RESPONSE_ID: run.id if run.one_generation else None,
        c.OWN_RUN_ID: run.id,
        c.OWN_STEP_ID: node.step.id if node.step else None,
        c.OWN_TOOL_KIND: call.kind if call.executed_by else None,
        c.OWN_TOOL_EXECUTED_BY: call.executed_by,
        c.OWN_TOOL_SERVER: call.server_label,
        c.OWN_TOOL_NAMESPACE: call.namespace,
        c.OWN_TOOL_CALLER: call.caller_id,
        c.OWN_TOOL_APPROVED: call.approved,
    }


def tool_type(call: ToolCall) -> str:
    """Return the convention's ``gen_ai.tool.type``."""
    return TOOL_TYPES.get(call.kind, "extension" if call.hosted else "function")


def tokens(usage: Usage | None) -> Values:
    """Return the tokens of a run or a turn; cached and reasoning tokens are parts of the totals."""
    if usage is None:
        return {}
    return {
        c.USAGE_INPUT_TOKENS: usage.input_tokens,
        c.USAGE_OUTPUT_TOKENS: usage.output_tokens,
        c.USAGE_CACHE_READ_INPUT_TOKENS: usage.cached_input_tokens,
        c.USAGE_CACHE_WRITE_INPUT_TOKENS: usage.cache_write_input_tokens,
        c.USAGE_REASONING_OUTPUT_TOKENS: usage.reasoning_tokens,
    }


def seconds(start: int | None, end: int | None) -> float | None:
    """Return the seconds between two times in Unix nanoseconds, if both are known."""
    return None if start is None or end is None else max(0, end - start) / SECOND


def _data_source(run: Run) -> str | None:
    """Return the vector store that the assistant searches, if there is exactly one."""
    resources = run.assistant.tool_resources if run.assistant else {}
    searched = resources.get("file_search")
    stores = searched.get("vector_store_ids") if isinstance(searched, dict) else None
    one = stores[0] if isinstance(stores, (tuple, list)) and len(stores) == 1 else None
    return one if isinstance(one, str) else None
