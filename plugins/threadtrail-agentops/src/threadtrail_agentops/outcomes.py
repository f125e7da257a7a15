"""How a run, a model turn or a tool call ended, in AgentOps' vocabulary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agentops.semconv import ToolStatus

from threadtrail.values import Failure

if TYPE_CHECKING:
    from threadtrail.trace_shape import Span as Node
    from threadtrail.turn import Turn
    from threadtrail.values import Run

TOKEN_LIMIT = re.compile(r"max_\w*tokens")
FAILED = frozenset({"failed", "expired"})
STOPPED = frozenset({"cancelled", "incomplete"})
SUCCESS, ERROR = "Success", "Error"
INDETERMINATE = "Indeterminate"
"""The end state of a run that was cancelled, incomplete, or never seen to end."""


def end_state(ended: Run | Turn) -> str:
    """Return the end state of the session of a run, or of a turn."""
    if run_failure(ended) is not None:
        return ERROR
    return SUCCESS if ended.finished and ended.status == "completed" else INDETERMINATE


def run_failure(ended: Run | Turn) -> Failure | None:
    """Return why a run, or a turn, failed; ``None`` also for one that is cancelled or incomplete.

    A stream that was cut, and an answer that does not match the app's model, have failed as well.
    """
    if ended.status in STOPPED:
        return None
    return ended.error or (Failure(type=str(ended.status)) if ended.status in FAILED else None)


def run_outcome(ended: Run | Turn) -> str:
    """Return the status of a run, or of a turn, or that its end was not seen."""
    return (ended.status or "ended") if ended.finished else "not seen to end"


def node_failure(run: Run, node: Node) -> Failure | None:
    """Return why a turn or a tool call failed.

    A turn that requested tools did not fail, whatever their results; a call that was open when its run
    failed has failed with it.
    """
    if node.kind == "agent":
        return run_failure(run)
    if node.status == "cancelled" or (node.step is not None and node.requested_tool_calls):
        return None
    if node.error is not None or node.status in FAILED:
        return node.error or Failure(type=str(node.status))
    return run_failure(run) if node.tool_call is not None and node.status is None else None


def tool_status(run: Run, node: Node) -> str:
    """Return the status of a tool call."""
    if node_failure(run, node) is not None:
        return str(ToolStatus.FAILED.value)
    return str((ToolStatus.SUCCEEDED if node.status == "completed" else ToolStatus.EXECUTING).value)


def finish_reason(run: Run, node: Node) -> str | None:
    """Return why the model stopped in a turn; ``None`` if it did not stop by itself."""
    if node.requested_tool_calls and (node.step is not None or run.status != "incomplete"):
        return "tool_calls"
    if run.status == "incomplete" and (node.step is None or node.step is run.steps[-1]):
        reason = run.incomplete_reason
        return "length" if reason is None or TOKEN_LIMIT.fullmatch(reason) else reason
    return "stop" if node.status == "completed" else None
