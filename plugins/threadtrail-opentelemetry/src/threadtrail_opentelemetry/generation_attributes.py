"""The attributes of a ``chat`` that is a run of its own: a call that the app made, not a part of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail_opentelemetry import conventions as c
from threadtrail_opentelemetry.attributes import at_server, run_facts, seconds
from threadtrail_opentelemetry.outcomes import run_finish_reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.events import Event
    from threadtrail.trace_shape import Span as Node
    from threadtrail.values import Run

Values = dict[str, Any]

SERVED_ANYHOW = (None, "auto")
"""Values of a request's service tier that ask for no special tier."""


def asked_model(run: Run, node: Node) -> str | None:
    """Return the requested model; the model that answered may have a longer name."""
    return (run.request.model if run.one_generation else None) or node.model


def generation_start(event: Event, run: Run, node: Node) -> Values:
    """Return its attributes at its start."""
    prompt = run.assistant
    return {
        **at_server(event, c.CHAT),
        c.REQUEST_MODEL: asked_model(run, node),
        c.CONVERSATION_ID: run.thread_id,
        c.PROMPT_NAME: (prompt.name or prompt.id) if prompt else None,
        c.PROMPT_VERSION: prompt.version if prompt else None,
        c.OWN_RUN_ID: run.id,
    }


def generation_end(run: Run, node: Node) -> Values:
    """Return its attributes at its end."""
    request, reason = run.request, run_finish_reason(run)
    streamed = run.streamed or request.stream
    return {
        c.REQUEST_TEMPERATURE: request.temperature,
        c.REQUEST_TOP_P: request.top_p,
        c.REQUEST_MAX_TOKENS: request.max_output_tokens,
        c.REQUEST_REASONING_LEVEL: request.reasoning_effort,
        c.REQUEST_STREAM: streamed or None,
        c.REQUEST_PREVIOUS_RESPONSE: request.previous_response_id or run.previous_run_id,
        c.OUTPUT_TYPE: request.output_type,
        c.RESPONSE_ID: run.id,
        c.RESPONSE_MODEL: run.model,
        c.RESPONSE_FINISH_REASONS: [reason] if reason else None,
        c.RESPONSE_TIME_TO_FIRST_CHUNK: seconds(node.start, node.first_output_at) if streamed else None,
        **of_openai(run),
        **run_facts(run),
        **_of_chain(run),
    }


def of_openai(run: Run) -> Values:
    """Return the attributes that the convention has for OpenAI alone; nothing for other APIs."""
    maker, _, api = run.source.partition(".")
    if maker != "openai":
        return {}
    tier = run.request.service_tier
    return {
        c.OPENAI_API_TYPE: api,
        c.OPENAI_REQUEST_SERVICE_TIER: None if tier in SERVED_ANYHOW else tier,
        c.OPENAI_RESPONSE_SERVICE_TIER: run.service_tier,
    }


def _of_chain(run: Run) -> Values:
    """Return the run's place among others, how the server worked on it, and what it bills apart."""
    return {
        c.OWN_RUN_BACKGROUND: run.background or None,
        c.OWN_RUN_COMPLETION_WINDOW: run.request.completion_window,
        c.OWN_RUN_STORED: run.stored,
        c.OWN_RUN_DELETED: run.deleted or None,
        c.OWN_RUN_RESUMED: run.resumed or None,
        c.OWN_RUN_TURN: run.turn_id,
        c.OWN_RUN_ANSWERS: list(run.answers) or None,
        c.OWN_RUN_INPUT_REPEATED: run.input_repeated,
        c.OWN_REQUEST_ID: run.request_id,
        **tool_usage(run),
    }


def tool_usage(run: Run) -> Values:
    """Return what hosted tools are billed for apart from tokens."""
    return dict(_numbers(run.tool_usage, c.OWN_RUN_TOOL_USAGE))


def _numbers(usage: Any, prefix: str) -> Iterator[tuple[str, int | float]]:
    """Yield the numbers of an object of objects, each by its path."""
    for key, value in usage.items():
        if isinstance(value, dict):
            yield from _numbers(value, f"{prefix}{key}.")
        elif isinstance(value, (int, float)):
            yield prefix + key, value
