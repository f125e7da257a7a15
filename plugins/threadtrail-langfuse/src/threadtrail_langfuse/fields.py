"""A run in Langfuse's fields: levels, usage buckets, model parameters."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threadtrail.values import Failure, Run, Usage

CACHE_WRITES = "input_cache_creation"
"""The name of tokens written to the cache in Langfuse's price lists; no API has this name."""

BAD_ENDS = frozenset({"failed", "expired"})


def usage_details(usage: Usage | None) -> dict[str, int] | None:
    """Return tokens in buckets that do not overlap: Langfuse prices each of them, and sums none."""
    if usage is None:
        return None
    cached, reasoning = usage.cached_input_tokens or 0, usage.reasoning_tokens or 0
    written = usage.cache_write_input_tokens or 0
    buckets = {
        "input": max(usage.input_tokens - cached - written, 0),
        "output": max(usage.output_tokens - reasoning, 0),
        "total": usage.total_tokens,
    }
    if usage.cached_input_tokens is not None:
        buckets["input_cached_tokens"] = cached
    if usage.cache_write_input_tokens is not None:
        buckets[CACHE_WRITES] = written
    if usage.reasoning_tokens is not None:
        buckets["output_reasoning_tokens"] = reasoning
    return buckets


def session_of(run: Run) -> str | None:
    """Return the run's session: the one that the app names, else its chain's, else its thread."""
    return run.session_key or run.thread_id


def model_parameters(run: Run) -> dict[str, Any] | None:
    """Return the request's parameters other than messages; objects as text, which Langfuse needs."""
    request = run.request
    limit = "max_output_tokens" if run.one_generation else "max_completion_tokens"
    values = {
        "temperature": request.temperature,
        "top_p": request.top_p,
        "max_prompt_tokens": request.max_input_tokens,
        limit: request.max_output_tokens,
        "max_tool_calls": request.max_tool_calls,
        "reasoning_effort": request.reasoning_effort,
        "reasoning_summary": request.reasoning_summary,
        "verbosity": request.verbosity,
        "service_tier": run.service_tier or request.service_tier,
        "response_format": request.output_type,
        "tool_choice": request.tool_choice,
        "parallel_tool_calls": request.parallel_tool_calls,
    }
    return {
        name: json.dumps(value) if isinstance(value, (dict, tuple)) else value
        for name, value in values.items()
        if value is not None
    } or None


def outcome(status: str | None, error: Failure | None = None, reason: str | None = None) -> dict[str, Any]:
    """Return level and message for an end with ``status``; nothing if it succeeded."""
    if error is not None or status in BAD_ENDS:
        return {"level": "ERROR", "status_message": _words(error) or status}
    if status == "incomplete":
        return {"level": "WARNING", "status_message": f"incomplete: {reason}" if reason else status}
    return {"status_message": status} if status in {"cancelled", "cancelling"} else {}


def run_outcome(run: Run) -> dict[str, Any]:
    """Return level and message of a run; one that was never seen to end is a warning too."""
    if not run.finished and run.error is None:
        return {"level": "WARNING", "status_message": f"never seen to end; last status: {run.status}"}
    return outcome(run.status, run.error, run.incomplete_reason)


def moment(time: int | None) -> datetime | None:
    """Return Unix nanoseconds as the SDK's type."""
    return None if time is None else datetime.fromtimestamp(time / 1_000_000_000, UTC)


def _words(error: Failure | None) -> str | None:
    if error is None:
        return None
    return f"{error.type}: {error.message}" if error.message else error.type
