"""Build a tree of short lines for a run, which ``console_render`` renders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from threadtrail.exporters.console_text import counted, duration, shortened, taken, visible, visible_lines
from threadtrail.exporters.content_lines import message_line, tool_content
from threadtrail.shape.times import Interval, run_interval, step_intervals, tool_interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from threadtrail.events import RequestFailed, RunEnded
    from threadtrail.values import Attributes, Failure, Message, Run, Step, ToolCall, Usage

__all__ = ["Node", "Piece", "Style", "attribute_nodes", "error_node", "request_node", "run_node"]

Style = Literal["plain", "name", "dim", "good", "bad", "warning"]
Piece = tuple[str, Style]


@dataclass(frozen=True, slots=True)
class Node:
    """A line: a label, which may be empty, and pieces of text, which may have line ends.

    ``children`` are the lines below it.
    """

    label: str
    pieces: tuple[Piece, ...]
    children: tuple[Node, ...] = ()

    def spaced(self) -> Iterator[Piece]:
        """Yield the pieces with two spaces between them, except after a piece that ends with a space."""
        before = " "
        for text, style in self.pieces:
            if not before.endswith(" "):
                yield "  ", "plain"
            yield text, style
            before = text


MARKS: dict[str | None, tuple[str, Style]] = {
    "completed": ("✓", "good"),
    "failed": ("✗", "bad"),
    "expired": ("✗", "bad"),
    "incomplete": ("!", "warning"),
    "cancelled": ("○", "warning"),
}


def run_node(event: RunEnded, length: int) -> Node:
    """Return the tree of a run; content is cut after ``length`` characters."""
    return _RunTree(event, length).node()


def request_node(event: RequestFailed, length: int) -> Node:
    """Return the line of a failed request."""
    http = f" (HTTP {event.status_code})" if event.status_code is not None else ""
    message = f": {shortened(event.error.message, length)}" if event.error.message else ""
    facts = [
        f"tried {counted(event.retry_count + 1, 'time')}" if event.retry_count else None,
        event.run_id or event.thread_id or event.assistant_id,
        event.request_id,
    ]
    error = f"✗ {visible(event.operation)} failed: {visible(event.error.type)}{http}{message}"
    return Node("", ((error, "bad"), *_dim(facts)))


def attribute_nodes(attributes: Attributes) -> Iterator[Node]:
    """Yield a line with the attributes of the caller, if there are any."""
    facts = [
        f"user {attributes.user_id}" if attributes.user_id else None,
        f"session {attributes.session_id}" if attributes.session_id else None,
        f"tags {', '.join(attributes.tags)}" if attributes.tags else None,
        *(f"{key}={value}" for key, value in attributes.metadata.items()),
    ]
    if any(facts):
        yield Node("attributes", tuple(_joined(facts, "plain")))


def error_node(error: Failure, length: int) -> Node:
    """Return the line of an error."""
    message = f": {shortened(error.message, length)}" if error.message else ""
    return Node("error", ((visible(error.type) + message, "bad"),))


class _RunTree:
    """Builds the lines of one run."""

    def __init__(self, event: RunEnded, length: int) -> None:
        self.event = event
        self.run: Run = event.run
        self.length = length
        self.within = run_interval(self.run)

    def node(self) -> Node:
        """Return the header with all other lines below it."""
        run, assistant = self.run, self.run.assistant
        mark, style = MARKS.get(run.status, ("?", "warning")) if run.finished else ("?", "warning")
        took = duration(self.within.end - self.within.start)
        if run.finished:
            outcome = f"{visible(run.status or 'ended')} in {took}"
        else:
            outcome = f"unfinished: last seen {visible(run.status or 'nowhere')}, given up after {took}"
        name = visible((assistant and (assistant.name or assistant.id)) or "run")
        header: tuple[Piece, ...] = ((f"{mark} ", style), (name, "name"), (outcome, style))
        provider = self.event.provider if self.event.provider != "openai" else None
        return Node("", (*header, *_dim([run.model, provider])), tuple(self._rows()))

    def _rows(self) -> Iterator[Node]:
        run = self.run
        yield self._identity()
        yield from attribute_nodes(run.attributes)
        yield self._status()
        yield from map(self._message, run.input)
        yield from self._steps()
        if run.usage is not None and (facts := token_facts(run.usage)):
            yield Node("tokens", tuple(_joined([*facts, f"{run.usage.total_tokens:,} total"], "plain")))
        if run.incomplete_reason:
            yield Node("incomplete", ((visible(run.incomplete_reason), "warning"),))
        if run.error is not None:
            yield error_node(run.error, self.length)

    def _identity(self) -> Node:
        run = self.run
        return Node("run", tuple(_joined([run.id, run.thread_id], "dim")))

    def _status(self) -> Node:
        run, start = self.run, self.within.start
        changes = [
            f"{visible(change.status)} {duration(max(change.time - start, 0))}"
            for change in run.status_history
        ]
        output = run.first_output_at
        facts = [
            counted(run.poll_count, "poll") if run.poll_count else None,
            "streamed" if run.streamed else None,
            f"first output {duration(max(output - start, 0))}" if output is not None else None,
            f"requests retried {counted(run.retry_count, 'time')}" if run.retry_count else None,
        ]
        return Node("status", ((" → ".join(changes) or "unknown", "plain"), *_dim(facts)))

    def _steps(self) -> Iterator[Node]:
        """Yield each step with its tool calls below it, followed by the message that it created."""
        messages: dict[str | None, Message] = {m.id: m for m in self.run.output if m.id is not None}
        intervals = step_intervals(self.run.steps, self.within)
        for step, interval in zip(self.run.steps, intervals, strict=True):
            yield self._step(step, interval)
            if (message := messages.pop(step.message_id, None)) is not None:
                yield self._message(message)
        made = {step.message_id for step in self.run.steps if step.message_id is not None}
        yield from (self._message(message) for message in self.run.output if message.id not in made)

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
                *_unusual(step.status),
                *_dim(facts),
            ),
            tuple(children),
        )

    def _tool(self, call: ToolCall, step: Interval) -> Node:
        interval = tool_interval(call, step, self.within)
        kind = None if call.kind in {"function", call.name} else call.kind
        show = visible_lines if call.kind == "code_interpreter" else visible
        children = [
            Node(label, ((shortened(text, self.length, show), "plain"),))
            for label, text in tool_content(call)
        ]
        if call.error is not None:
            children.append(error_node(call.error, self.length))
        took: Piece = (taken(*interval), "plain")
        pieces: list[Piece] = [(visible(call.name), "name"), took]
        if call.ended_at is None and call.output is None and call.error is None:
            pieces.append(("no output", "warning"))
        return Node("tool", (*pieces, *_dim([kind])), tuple(children))

    def _message(self, message: Message) -> Node:
        text = message_line(message)
        style: Style = "plain" if text else "dim"
        return Node(
            visible(message.role),
            (
                (shortened(text, self.length) or "(no content)", style),
                *_unusual(message.status, message.incomplete_reason),
            ),
        )


def token_facts(usage: Usage) -> list[str | None]:
    """Return the token counts of a usage without unknown ones; nothing if no token was used."""
    if not (usage.total_tokens or usage.input_tokens or usage.output_tokens):
        return []
    cached, reasoning = usage.cached_input_tokens, usage.reasoning_tokens
    return [
        f"{usage.input_tokens:,} in",
        f"{usage.output_tokens:,} out",
        f"{cached:,} cached" if cached is not None else None,
        f"{reasoning:,} reasoning" if reasoning is not None else None,
    ]


def _unusual(status: str | None, reason: str | None = None) -> Iterator[Piece]:
    """Yield the status of a step or a message, unless it is ``completed``."""
    if status is not None and status != "completed":
        style = MARKS.get(status, ("", "warning"))[1]
        yield visible(f"{status}: {reason}" if reason else status), style


def _dim(facts: Sequence[str | None]) -> list[Piece]:
    return _joined(facts, "dim")


def _joined(facts: Sequence[str | None], style: Style) -> list[Piece]:
    """Return the known facts as one piece, or no piece."""
    text = " · ".join(visible(fact) for fact in facts if fact)
    return [(text, style)] if text else []
