"""Builds a tree of short lines for a run, which ``console_render`` renders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.exporters.console_text import counted, duration, shortened, taken, visible
from threadtrail.exporters.content_lines import message_line, reasoning_text
from threadtrail.exporters.lines import (
    MARKS,
    Node,
    attribute_nodes,
    dim,
    error_node,
    joined,
    outcome_of,
    token_facts,
    token_nodes,
    tool_node,
    unusual,
)
from threadtrail.shape import run_name
from threadtrail.shape.times import Interval, run_interval, step_intervals, tool_interval
from threadtrail.turn import usage_of
from threadtrail.values import ReasoningPart

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from threadtrail.events import RunEnded
    from threadtrail.exporters.lines import Piece, Style
    from threadtrail.prices import Cost
    from threadtrail.values import Message, Run, Step, ToolCall

__all__ = ["RunTree", "called_by", "run_node"]


def run_node(event: RunEnded, length: int, cost: Cost | None = None) -> Node:
    """Return the tree of a run, and its cost; content is cut after ``length`` characters."""
    return RunTree(event, length, cost).node()


class RunTree:
    """Builds the lines of one run; content is cut after ``length`` characters."""

    def __init__(self, event: RunEnded, length: int, cost: Cost | None = None) -> None:
        self.event = event
        self.run: Run = event.run
        self.length = length
        self.cost: Cost | None = cost
        self.within: Interval = run_interval(self.run)

    def node(self) -> Node:
        """Return the header with all other lines below it."""
        run = self.run
        mark, style = MARKS.get(run.status, ("?", "warning")) if run.finished else ("?", "warning")
        outcome = outcome_of(run.status, self.took(), finished=run.finished)
        name = visible(run_name(run))
        header: tuple[Piece, ...] = ((f"{mark} ", style), (name, "name"), (outcome, style))
        provider = self.event.provider if self.event.provider != "openai" else None
        model = run.model if run.model != name else None
        return Node("", (*header, *dim([model, provider])), tuple(self._rows()))

    def took(self) -> str:
        """Return how long the model took, without the time that a run of one generation waits for the app."""
        answered = self.run.answered_at if self.run.one_generation else None
        return duration(max((self.within.end if answered is None else answered) - self.within.start, 0))

    def _rows(self) -> Iterator[Node]:
        run = self.run
        yield self._identity()
        yield from attribute_nodes(run.attributes)
        yield self._status()
        yield from self.input()
        yield from self.items() if run.one_generation else self._steps()
        yield from token_nodes(usage_of(run), self.cost)
        yield from self.end()

    def input(self) -> Iterator[Node]:
        """Yield the input of the run, without the items that an earlier run had."""
        run = self.run
        if run.new_input is not run.input:
            yield Node("input", ((f"{counted(run.input_repeated or 0, 'item')} as before", "dim"),))
        yield from map(self.message, run.new_input)

    def end(self) -> Iterator[Node]:
        """Yield the items that are billed apart, and why the run did not complete."""
        run = self.run
        if billed := list(_counts(run.tool_usage)):
            yield Node("billed", tuple(joined(billed, "plain")))
        if run.incomplete_reason:
            yield Node("incomplete", ((visible(run.incomplete_reason), "warning"),))
        if run.error is not None:
            yield error_node(run.error, self.length)

    def _identity(self) -> Node:
        run = self.run
        facts = [
            run.id,
            run.thread_id,
            f"after {run.previous_run_id}" if run.previous_run_id else None,
            f"answers {', '.join(run.answers)}" if run.answers else None,
            called_by(run),
            run.request_id,
        ]
        return Node("run", tuple(joined(facts, "dim")))

    def _status(self) -> Node:
        run, start = self.run, self.within.start
        changes = [
            f"{visible(change.status)} {duration(max(change.time - start, 0))}"
            for change in run.status_history
        ]
        return Node("status", ((" → ".join(changes) or "unknown", "plain"), *dim(self.watched())))

    def watched(self) -> list[str | None]:
        """Return how the run was observed, and unusual facts."""
        run, start = self.run, self.within.start
        output = run.first_output_at
        return [
            counted(run.poll_count, "poll") if run.poll_count else None,
            "background" if run.background else None,
            "streamed" if run.streamed else None,
            f"stream resumed {counted(run.resumed, 'time')}" if run.resumed else None,
            f"first output {duration(max(output - start, 0))}" if output is not None else None,
            f"requests retried {counted(run.retry_count, 'time')}" if run.retry_count else None,
            f"service tier {run.service_tier}" if run.service_tier not in {None, "default"} else None,
            "deleted" if run.deleted else None,
        ]

    def _steps(self) -> Iterator[Node]:
        """Yield each step with its tool calls below it, followed by the message that it created."""
        messages: dict[str | None, Message] = {m.id: m for m in self.run.output if m.id is not None}
        intervals = step_intervals(self.run.steps, self.within)
        for step, interval in zip(self.run.steps, intervals, strict=True):
            yield self._step(step, interval)
            if (message := messages.pop(step.message_id, None)) is not None:
                yield self.message(message)
        made = {step.message_id for step in self.run.steps if step.message_id is not None}
        yield from (self.message(message) for message in self.run.output if message.id not in made)

    def items(self) -> Iterator[Node]:
        """Yield the items of an answer: reasoning, messages and tool calls."""
        messages: dict[str | None, Message] = {m.id: m for m in self.run.output}
        intervals = step_intervals(self.run.steps, self.within)
        for step, interval in zip(self.run.steps, intervals, strict=True):
            message = messages.pop(step.message_id, None) if step.message_id is not None else None
            nodes = [
                *(self._thought(part) for part in step.parts if isinstance(part, ReasoningPart)),
                *([self.message(message)] if message is not None else []),
                *(self._tool(call, interval, timed=_is_timed(call, step)) for call in step.tool_calls),
            ]
            if not nodes:
                nodes = [Node("item", ((visible(step.kind), "plain"), *unusual(step.status)))]
            yield from nodes
            if step.error is not None and step.error not in [call.error for call in step.tool_calls]:
                yield error_node(step.error, self.length)
        yield from map(self.message, messages.values())

    def _thought(self, part: ReasoningPart) -> Node:
        text = shortened(reasoning_text(part), self.length)
        return Node("reasoning", ((text or "(no content)", "plain" if part.text else "dim"),))

    def _step(self, step: Step, interval: Interval) -> Node:
        facts = token_facts(step.usage) if step.usage is not None else []
        if step.id is None:
            facts = ["details not seen"]
        children = [self._tool(call, interval) for call in step.tool_calls]
        if step.error is not None:
            children.append(error_node(step.error, self.length))
        return Node(
            "step",
            (
                (f"{visible(step.kind)} {taken(*interval)}", "plain"),
                *unusual(step.status),
                *dim(facts),
            ),
            tuple(children),
        )

    def _tool(self, call: ToolCall, step: Interval, *, timed: bool = True) -> Node:
        interval = tool_interval(call, step, self.within) if timed else None
        return tool_node(call, interval, self.length)

    def message(self, message: Message) -> Node:
        """Return the line of a message."""
        text = message_line(message)
        style: Style = "plain" if text else "dim"
        return Node(
            visible(message.role),
            (
                (shortened(text, self.length) or "(no content)", style),
                *unusual(message.status, message.incomplete_reason),
            ),
        )


def called_by(run: Run) -> str | None:
    """Return for which tool call the run was begun, if for one, and which run asked for that."""
    caller = run.called_by
    if caller is None:
        return None
    whose = f" of {caller.run_id}" if caller.run_id is not None else ""
    return f"called by {caller.call_id}{whose}"


def _is_timed(call: ToolCall, step: Step) -> bool:
    """Return whether the times of a call are known: those of a hosted tool are only in a stream."""
    known = call.started_at is not None or step.started_at is not None
    return known and (call.hosted or call.answered)


def _counts(usage: Mapping[str, Any], name: str = "") -> Iterator[str]:
    """Yield the numbers of nested objects, each with the names that lead to it."""
    for key, value in usage.items():
        if isinstance(value, dict):
            yield from _counts(value, f"{name}{key} ")
        elif isinstance(value, (int, float)) and value:
            yield f"{name}{key} {value:,}"
