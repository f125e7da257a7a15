"""The tool calls of a recording: with outputs that came late, and counted by tool."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from threadtrail.events import Event, ToolCallCompleted
from threadtrail.merging.calls import is_answered, is_failed
from threadtrail.recordings.contents import server_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from threadtrail.recordings.contents import Name
    from threadtrail.values import Run, ToolCall


@dataclass(slots=True)
class ToolCalls:
    """The calls of one tool: all calls, the failed ones, and those without an answer."""

    calls: int = 0
    failed: int = 0
    unanswered: int = 0


def tools_of(calls: Iterable[ToolCall]) -> dict[str, ToolCalls]:
    """Return the calls by the name of the tool, the most frequent first."""
    tools: dict[str, ToolCalls] = {}
    for call in calls:
        tool = tools.setdefault(call.name, ToolCalls())
        failed = is_failed(call)
        tool.calls += 1
        tool.failed += failed
        # A call that was given up also has an end: the time when its process stopped waiting.
        tool.unanswered += not call.hosted and not failed and not is_answered(call)
    return dict(sorted(tools.items(), key=lambda item: -item[1].calls))


def late_calls(events: Iterable[Event]) -> dict[Name, list[ToolCall]]:
    """Return the calls whose end is an event, by run: some are answered after the run was published."""
    found: dict[Name, list[ToolCall]] = {}
    for event in events:
        if isinstance(event, ToolCallCompleted) and not event.tool_call.hosted:
            found.setdefault((server_of(event), event.run_id), []).append(event.tool_call)
    return found


def with_outputs(run: Run, calls: Iterable[ToolCall]) -> Run:
    """Return the run with the outputs of its calls that came after it was published."""
    late = {call.id: call for call in calls if call.answered}
    if not any(call.id in late and not call.answered for call in run.tool_calls):
        return run
    steps = tuple(
        replace(step, tool_calls=tuple(late.get(call.id, call) for call in step.tool_calls))
        for step in run.steps
    )
    return replace(run, steps=steps)
