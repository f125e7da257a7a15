"""The attributes of each kind of span, in the vocabulary of AgentOps' own SDK.

The backend treats a span as a model call as soon as it has a ``gen_ai.*`` attribute, and sums the tokens of
all spans. So only the spans of model turns have them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentops.semconv import (
    AgentAttributes,
    CoreAttributes,
    LLMRequestTypeValues,
    SpanAttributes,
    ToolAttributes,
)

from threadtrail_agentops.messages import as_json, completions, prompts, text_of, tool_output
from threadtrail_agentops.outcomes import finish_reason, run_outcome, tool_status

if TYPE_CHECKING:
    from threadtrail.events import Event
    from threadtrail.trace_shape import Span as Node
    from threadtrail.turn import Turn
    from threadtrail.values import Attributes, Run, ToolCall, Usage
    from threadtrail_agentops.emitting import Values

# Attributes for which AgentOps has no name.
RUN_ID, RUN_STATUS, THREAD_ID = "threadtrail.run.id", "threadtrail.run.status", "threadtrail.thread.id"
POLLS, INCOMPLETE_REASON = "threadtrail.run.polls", "threadtrail.run.incomplete_reason"
STEP_ID, TOOL_KIND = "threadtrail.step.id", "threadtrail.tool.kind"
TOOL_EXECUTED_BY, TOOL_SERVER = "threadtrail.tool.executed_by", "threadtrail.tool.server_label"
PROMPT_ID, PROMPT_VERSION = "threadtrail.prompt.id", "threadtrail.prompt.version"
PREVIOUS_RUN, TURN, BACKGROUND = (
    "threadtrail.run.previous_run_id",
    "threadtrail.run.turn_id",
    "threadtrail.run.background",
)
TURN_ID, TURN_RUNS, TURN_STATUS = (
    "threadtrail.turn.id",
    "threadtrail.turn.run_ids",
    "threadtrail.turn.status",
)
TURN_SECONDS = "threadtrail.turn.seconds_"
REQUEST_ID = "threadtrail.request.id"
USER_ID, SESSION_ID, METADATA = "user.id", "session.id", "threadtrail.metadata"
INSTRUCTIONS = "threadtrail.assistant.instructions"


def of_root(tags: tuple[str, ...], caller: Attributes) -> Values:
    """Return the attributes of a trace's root. The backend reads tags only here, as a JSON list."""
    all_tags = list(dict.fromkeys((*tags, *caller.tags)))
    return {CoreAttributes.TAGS: as_json(all_tags) if all_tags else None, **of_caller(caller)}


def of_caller(caller: Attributes) -> Values:
    """Return user, session and metadata of the caller."""
    metadata = {
        f"{METADATA}.{key}": value if isinstance(value, (str, bool, int, float)) else as_json(value)
        for key, value in caller.metadata.items()
    }
    return {USER_ID: caller.user_id, SESSION_ID: caller.session_id, **metadata}


def of_content(input_text: str | None, output_text: str | None) -> Values:
    """Return the span's input and output, which AgentOps shows as a preview."""
    return {
        SpanAttributes.AGENTOPS_ENTITY_INPUT: input_text,
        SpanAttributes.AGENTOPS_ENTITY_OUTPUT: output_text,
    }


def of_agent(run: Run, node: Node) -> Values:
    """Return the attributes of a run: assistant, tools, thread, question and answer."""
    assistant, tools = run.assistant, list(run.request.tool_names)
    return {
        AgentAttributes.AGENT_ID: assistant.id if assistant else None,
        AgentAttributes.AGENT_NAME: node.name,
        AgentAttributes.AGENT_TOOLS: as_json(tools) if tools else None,
        AgentAttributes.AGENT_MODELS: as_json([node.model]) if node.model else None,
        INSTRUCTIONS: run.request.instructions,
        RUN_ID: run.id,
        RUN_STATUS: run_outcome(run),
        INCOMPLETE_REASON: run.incomplete_reason,
        THREAD_ID: run.thread_id,
        POLLS: run.poll_count,
        **of_content(text_of(run.new_input), text_of(run.output)),
    }


def of_turn_of_runs(turn: Turn, node: Node) -> Values:
    """Return the attributes of a turn: its runs, question and answer, and where the time went, in seconds."""
    spent = turn.time_spent
    times = {
        name: getattr(spent, name) / 1e9 for name in ("queued", "generating", "tools", "person", "other")
    }
    tools = list(dict.fromkeys(call.name for call in turn.tool_calls))
    return {
        AgentAttributes.AGENT_NAME: node.name,
        AgentAttributes.AGENT_TOOLS: as_json(tools) if tools else None,
        AgentAttributes.AGENT_MODELS: as_json([node.model]) if node.model else None,
        TURN_ID: turn.id,
        TURN_RUNS: as_json(list(turn.run_ids)),
        TURN_STATUS: run_outcome(turn),
        THREAD_ID: turn.thread_id,
        **{f"{TURN_SECONDS}{name}": seconds for name, seconds in times.items()},
        **of_content(text_of(turn.input), text_of(turn.output)),
    }


def of_tool(run: Run, node: Node, call: ToolCall) -> Values:
    """Return the attributes of a tool call: arguments and result."""
    output = tool_output(call)
    return {
        ToolAttributes.TOOL_ID: call.id,
        ToolAttributes.TOOL_NAME: call.name,
        ToolAttributes.TOOL_PARAMETERS: call.arguments,
        ToolAttributes.TOOL_RESULT: output,
        ToolAttributes.TOOL_STATUS: tool_status(run, node),
        TOOL_KIND: call.kind,
        TOOL_EXECUTED_BY: call.executed_by,
        TOOL_SERVER: call.server_label,
        STEP_ID: node.step.id if node.step else None,
        **of_content(call.arguments, output),
    }


def of_turn(event: Event, run: Run, node: Node) -> Values:
    """Return the attributes of a model turn: prompts, completion, tokens."""
    request = run.request
    first_output = None if node.first_output_at is None else (node.first_output_at - node.start) / 1e9
    asked_model = (request.model if run.one_generation else None) or node.model
    return {
        SpanAttributes.LLM_SYSTEM: event.provider,
        SpanAttributes.LLM_REQUEST_TYPE: LLMRequestTypeValues.CHAT.value,
        SpanAttributes.LLM_REQUEST_MODEL: asked_model,
        SpanAttributes.LLM_RESPONSE_MODEL: node.model,
        SpanAttributes.LLM_REQUEST_TEMPERATURE: request.temperature,
        SpanAttributes.LLM_REQUEST_TOP_P: request.top_p,
        SpanAttributes.LLM_REQUEST_MAX_TOKENS: request.max_output_tokens,
        SpanAttributes.LLM_REQUEST_STREAMING: run.streamed,
        SpanAttributes.LLM_STREAMING_TIME_TO_FIRST_TOKEN: first_output if run.streamed else None,
        **prompts(run, node),
        **completions(node, finish_reason(run, node)),
        **tokens(node.usage),
        STEP_ID: node.step.id if node.step else None,
        **(_of_response(run) if run.one_generation else {}),
    }


def _of_response(run: Run) -> Values:
    """Return the attributes of a turn that is a run itself: ids, place in a chain, how it was observed."""
    prompt = run.assistant
    return {
        SpanAttributes.LLM_RESPONSE_ID: run.id,
        PROMPT_ID: prompt.id if prompt else None,
        PROMPT_VERSION: prompt.version if prompt else None,
        RUN_ID: run.id,
        RUN_STATUS: run_outcome(run),
        INCOMPLETE_REASON: run.incomplete_reason,
        THREAD_ID: run.thread_id,
        POLLS: run.poll_count,
        PREVIOUS_RUN: run.previous_run_id,
        TURN: run.turn_id,
        BACKGROUND: run.background or None,
        REQUEST_ID: run.request_id,
        **of_content(text_of(run.new_input), text_of(run.output)),
    }


def tokens(usage: Usage | None) -> Values:
    """Return the tokens of a turn; the run's tokens are the sum of its turns."""
    if usage is None:
        return {}
    return {
        SpanAttributes.LLM_USAGE_PROMPT_TOKENS: usage.input_tokens,
        SpanAttributes.LLM_USAGE_COMPLETION_TOKENS: usage.output_tokens,
        SpanAttributes.LLM_USAGE_TOTAL_TOKENS: usage.total_tokens,
        SpanAttributes.LLM_USAGE_CACHE_READ_INPUT_TOKENS: usage.cached_input_tokens,
        SpanAttributes.LLM_USAGE_CACHE_CREATION_INPUT_TOKENS: usage.cache_write_input_tokens,
        SpanAttributes.LLM_USAGE_REASONING_TOKENS: usage.reasoning_tokens,
    }
