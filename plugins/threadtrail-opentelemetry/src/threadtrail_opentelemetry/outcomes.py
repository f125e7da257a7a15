"""How a run, a step or a tool call ended, in the convention's words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from opentelemetry.trace import Status, StatusCode

from threadtrail_opentelemetry import conventions as c

if TYPE_CHECKING:
    from threadtrail.trace_shape import Span as Node
    from threadtrail.values import Failure, Run

TOKEN_LIMIT = re.compile(r"max_\w*tokens")
NO_SUCCESS = {"failed": "error", "expired": "error", "cancelled": "error"}


def run_finish_reason(run: Run) -> str | None:
    """Return why the model stopped; ``None`` if the run has not been seen to end."""
    if not run.finished:
        return "tool_call" if run.awaits_outputs else None
    if run.status == "incomplete":
        return _incomplete(run.incomplete_reason)
    asks = run.one_generation and run.asks_app
    return NO_SUCCESS.get(run.status or "", "tool_call" if asks else "stop")


def _incomplete(reason: str | None) -> str:
    """Return the convention's word for a limit of tokens; other reasons are returned unchanged."""
    return "length" if reason is None or TOKEN_LIMIT.fullmatch(reason) else reason


def finish_reason_of(status: str | None) -> str:
    """Return why the model stopped at last, if only the status is known."""
    return _incomplete(None) if status == "incomplete" else NO_SUCCESS.get(status or "", "stop")


def turn_finish_reason(run: Run, node: Node) -> str | None:
    """Return why one model turn stopped: for tool calls, or as its step or its run ended."""
    step = node.step
    if step is None:
        return run_finish_reason(run)
    if step.tool_calls:
        return "tool_call"
    if step.status in NO_SUCCESS:
        return NO_SUCCESS[step.status]
    last = step is run.steps[-1]
    return run_finish_reason(run) if last and run.status == "incomplete" else "stop"


def error_type(node: Node) -> str | None:
    """Return the ``error.type`` of a node; ``None`` if it did not fail.

    A cancelled run did not fail, nor did a turn that requested tools, whose errors are their own.
    """
    if node.status == "cancelled" or (node.step is not None and node.requested_tool_calls):
        return None
    if node.status == "expired":
        return "expired"
    if node.error is not None:
        return node.error.type or c.ERROR_TYPE_OTHER
    return c.ERROR_TYPE_OTHER if node.status == "failed" else None


def error_status(error: Failure | None) -> Status:
    """Return the span status of something that failed, with its message if that is known."""
    return Status(StatusCode.ERROR, error.message if error is not None else None)
