"""The names of the OpenTelemetry GenAI conventions that are used here, and threadtrail's own.

Taken from open-telemetry/semantic-conventions-genai, main at e07f4eb (2026-10-02), which has no releases
yet. Names that are also in the last numbered text (semantic-conventions v1.41.1) are the same there. They
are listed here, since the constants of opentelemetry-semantic-conventions are deprecated and not complete.
"""
# ruff: noqa: S105 - tokens of a language model are not passwords

from __future__ import annotations

from typing import Final

# -- attributes of the GenAI conventions -------------------------------------------------------------

OPERATION_NAME: Final = "gen_ai.operation.name"
PROVIDER_NAME: Final = "gen_ai.provider.name"
CONVERSATION_ID: Final = "gen_ai.conversation.id"
PROMPT_NAME: Final = "gen_ai.prompt.name"
PROMPT_VERSION: Final = "gen_ai.prompt.version"
PROMPT_VARIABLE: Final = "gen_ai.prompt.variable."
OUTPUT_TYPE: Final = "gen_ai.output.type"
DATA_SOURCE_ID: Final = "gen_ai.data_source.id"
AGENT_ID: Final = "gen_ai.agent.id"
AGENT_NAME: Final = "gen_ai.agent.name"
AGENT_DESCRIPTION: Final = "gen_ai.agent.description"
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_TEMPERATURE: Final = "gen_ai.request.temperature"
REQUEST_TOP_P: Final = "gen_ai.request.top_p"
REQUEST_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
REQUEST_STREAM: Final = "gen_ai.request.stream"
REQUEST_REASONING_LEVEL: Final = "gen_ai.request.reasoning.level"
REQUEST_PREVIOUS_RESPONSE: Final = "gen_ai.request.previous_response.id"
RESPONSE_STATUS: Final = "gen_ai.response.status"
RESPONSE_ID: Final = "gen_ai.response.id"
RESPONSE_MODEL: Final = "gen_ai.response.model"
RESPONSE_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
RESPONSE_TIME_TO_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
USAGE_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
USAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
USAGE_CACHE_READ_INPUT_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
USAGE_CACHE_WRITE_INPUT_TOKENS: Final = "gen_ai.usage.cache_write.input_tokens"
USAGE_REASONING_OUTPUT_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"
TOOL_NAME: Final = "gen_ai.tool.name"
TOOL_TYPE: Final = "gen_ai.tool.type"
TOOL_DESCRIPTION: Final = "gen_ai.tool.description"
TOOL_CALL_ID: Final = "gen_ai.tool.call.id"
TOOL_CALL_ARGUMENTS: Final = "gen_ai.tool.call.arguments"
TOOL_CALL_RESULT: Final = "gen_ai.tool.call.result"
TOOL_DEFINITIONS: Final = "gen_ai.tool.definitions"
SYSTEM_INSTRUCTIONS: Final = "gen_ai.system_instructions"
INPUT_MESSAGES: Final = "gen_ai.input.messages"
OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
TOKEN_TYPE: Final = "gen_ai.token.type"  # core v1.41.1 only
TOKEN_MODALITY: Final = "gen_ai.token.modality"  # 2026-10 only

# -- attributes of the convention for OpenAI ----------------------------------------------------------

OPENAI_API_TYPE: Final = "openai.api.type"
OPENAI_REQUEST_SERVICE_TIER: Final = "openai.request.service_tier"
OPENAI_RESPONSE_SERVICE_TIER: Final = "openai.response.service_tier"

# -- attributes of the general conventions (v1.41.1) -------------------------------------------------

ERROR_TYPE: Final = "error.type"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
HTTP_STATUS_CODE: Final = "http.response.status_code"
USER_ID: Final = "user.id"
SESSION_ID: Final = "session.id"

ERROR_TYPE_OTHER: Final = "_OTHER"
"""The convention's word for an error of unknown type."""

# -- values ------------------------------------------------------------------------------------------

INVOKE_AGENT: Final = "invoke_agent"
CREATE_AGENT: Final = "create_agent"
CHAT: Final = "chat"
FETCH_RESPONSE: Final = "fetch_response"
EXECUTE_TOOL: Final = "execute_tool"

# The convention has no such operations, and allows own ones; azure-ai-agents uses these words.
CREATE_THREAD: Final = "create_thread"
CREATE_MESSAGE: Final = "create_message"

MODALITY_UNKNOWN: Final = "unknown"

# -- metrics and events ------------------------------------------------------------------------------

METRIC_OPERATION_DURATION: Final = "gen_ai.client.operation.duration"
METRIC_TOOL_DURATION: Final = "gen_ai.execute_tool.duration"
METRIC_TOKEN_USAGE: Final = "gen_ai.client.token.usage"  # core v1.41.1 only
METRIC_INFERENCE_DURATION: Final = "gen_ai.client.inference.duration"  # 2026-10 only
METRIC_INFERENCE_USAGE: Final = "gen_ai.client.inference.usage."  # 2026-10 only; a prefix

EVENT_INFERENCE_DETAILS: Final = "gen_ai.client.inference.operation.details"

# fmt: off
DURATION_BUCKETS: Final = (
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
    163.84, 327.68, 655.36,  # the convention ends at 81.92 s; a run may take ten minutes
)
TOKEN_BUCKETS: Final = (
    1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
)
# fmt: on

# -- our own attributes: what the convention has no name for -----------------------------------------

OWN_RUN_ID: Final = "threadtrail.run.id"
OWN_RUN_STATUS: Final = "threadtrail.run.status"
OWN_RUN_PREVIOUS_STATUS: Final = "threadtrail.run.previous_status"
OWN_RUN_LEARNT_FROM: Final = "threadtrail.run.learnt_from"
OWN_RUN_FINISHED: Final = "threadtrail.run.finished"
OWN_RUN_INCOMPLETE_REASON: Final = "threadtrail.run.incomplete_reason"
OWN_RUN_POLLS: Final = "threadtrail.run.poll_count"
OWN_RUN_RETRIES: Final = "threadtrail.run.retry_count"
OWN_RUN_QUEUED: Final = "threadtrail.run.seconds_in_queue"
OWN_RUN_FIRST_OUTPUT: Final = "threadtrail.run.seconds_to_first_output"
OWN_RUN_MAX_INPUT_TOKENS: Final = "threadtrail.run.max_input_tokens"
OWN_RUN_METADATA: Final = "threadtrail.run.metadata."
OWN_RUN_OBSERVED_FROM_START: Final = "threadtrail.run.observed_from_start"
OWN_RUN_BACKGROUND: Final = "threadtrail.run.background"
OWN_RUN_COMPLETION_WINDOW: Final = "threadtrail.run.completion_window"
OWN_RUN_STORED: Final = "threadtrail.run.stored"
OWN_RUN_DELETED: Final = "threadtrail.run.deleted"
OWN_RUN_RESUMED: Final = "threadtrail.run.resumed_streams"
OWN_RUN_TURN: Final = "threadtrail.run.turn_id"
OWN_RUN_ANSWERS: Final = "threadtrail.run.answers"
OWN_RUN_INPUT_REPEATED: Final = "threadtrail.run.input_repeated"
OWN_RUN_TOOL_USAGE: Final = "threadtrail.run.tool_usage."
OWN_TURN_ID: Final = "threadtrail.turn.id"
OWN_TURN_RUNS: Final = "threadtrail.turn.run_ids"
OWN_TURN_STATUS: Final = "threadtrail.turn.status"
OWN_TURN_FINISHED: Final = "threadtrail.turn.finished"
OWN_TURN_SECONDS: Final = "threadtrail.turn.seconds_"
OWN_TOOL_KIND: Final = "threadtrail.tool.kind"
OWN_TOOL_EXECUTED_BY: Final = "threadtrail.tool.executed_by"
OWN_TOOL_SERVER: Final = "threadtrail.tool.server_label"
OWN_TOOL_NAMESPACE: Final = "threadtrail.tool.namespace"
OWN_TOOL_CALLER: Final = "threadtrail.tool.caller_id"
OWN_TOOL_APPROVED: Final = "threadtrail.tool.approved"
OWN_STEP_ID: Final = "threadtrail.run_step.id"
OWN_STEP_STATUS: Final = "threadtrail.run_step.status"
OWN_MESSAGE_ID: Final = "threadtrail.message.id"
OWN_RECONSTRUCTED: Final = "threadtrail.reconstructed"
OWN_TAGS: Final = "threadtrail.tags"
OWN_METADATA: Final = "threadtrail.metadata."
OWN_TRACE_ID: Final = "threadtrail.trace.id"
OWN_REQUEST_OPERATION: Final = "threadtrail.request.operation"
OWN_REQUEST_ID: Final = "threadtrail.request.id"
OWN_REQUEST_RETRIES: Final = "threadtrail.request.retry_count"

EVENT_STATUS_CHANGED: Final = "threadtrail.run.status_changed"
EVENT_REQUEST_FAILED: Final = "threadtrail.request_failed"
