"""How a run, a step or a tool call ended, in the convention's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.trace import Status, StatusCode

from threadtrail_opentelemetry import conventions as c

if TYPE_CHECKING:
    from threadtrail.trace_shape import Span as Node
    from threadtrail.values import Failure, Run

NO_SUCCESS = {"failed": "error", "expired": "error", "cancelled": "error"}


def run_finish_reason(run: Run) -> str | None:
    """Why the model stopped; ``None`` while nobody saw the run end."""
    if not run.finished:
        return "tool_call" if run.awaits_outputs else None
    if run.status == "incomplete":
        return "content_filter" if run.incomplete_reason == "content_filter" else "length"
    return NO_SUCCESS.get(run.status or "", "stop")


def turn_finish_reason(run: Run, node: Node) -> str | None:
    """Why one model turn stopped: it asked for tools, or it ended as its step or its run did."""
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
    """``error.type`` of a node; ``None`` for what did not fail.

    A cancelled run did not, nor did a turn that asked for tools: what came of them is the tools' own.
    """
    if node.status == "cancelled" or node.requested_tool_calls:
        return None
    if node.status == "expired":
        return "expired"
    if node.error is not None:
        return node.error.type or c.ERROR_TYPE_OTHER
    return c.ERROR_TYPE_OTHER if node.status == "failed" else None


def error_status(error: Failure | None) -> Status:
    """The span status of something that failed, with its words where they are known."""
    return Status(StatusCode.ERROR, error.message if error is not None else None)
