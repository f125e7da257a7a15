"""The tool calls of a recording, counted by tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from threadtrail.values import ToolCall


@dataclass(slots=True)
class ToolCalls:
    """The calls of one tool: all, those that failed, and those that nobody answered."""

    calls: int = 0
    failed: int = 0
    unanswered: int = 0


def tools_of(calls: Iterable[ToolCall]) -> dict[str, ToolCalls]:
    """Return the calls by the name of the tool, the most frequent first."""
    tools: dict[str, ToolCalls] = {}
    for call in calls:
        tool = tools.setdefault(call.name, ToolCalls())
        tool.calls += 1
        tool.failed += call.error is not None or call.status == "failed"
        tool.unanswered += not call.hosted and not call.answered
    return dict(sorted(tools.items(), key=lambda item: -item[1].calls))
