"""Build a tree of short lines for a run, which ``console_render`` renders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from threadtrail.exporters.console_text import counted, duration, shortened, taken, visible, visible_lines
from threadtrail.exporters.content_lines import message_line, reasoning_text, tool_content
from threadtrail.shape import run_name
from threadtrail.shape.times import Interval, run_interval, step_intervals, tool_interval
from threadtrail.values import ReasoningPart

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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
    about = f" (about {visible(error.param)})" if error.param else ""
    return Node("error", ((visible(error.type) + message + about, "bad"),))


class _RunTree:
    """Builds the lines of one run."""

    def __init__(self, event: RunEnded, length: int) -> None:
        self.event = event
        self.run: Run = event.run
        self.length = length
        self.within = run_interval(self.run)

    def node(self) -> Node:
        """Return the header with all other lines below it."""
        run = self.run
        mark, style = MARKS.get(run.status, ("?", "warning")) if run.finished else ("?", "warning")
        took = duration(max(self._answered() - self.within.start, 0))
        if run.finished:
            outcome = f"{visible(run.status or 'ended')} in {took}"
        else:
            outcome = f"unfinished: last seen {visible(run.status or 'nowhere')}, given up after {took}"
        name = visible(run_name(run))
        header: tuple[Piece, ...] = ((f"{mark} ", style), (name, "name"), (outcome, style))
        provider = self.event.provider if self.event.provider != "openai" else None
        model = run.model if run.model != name else None
        return Node("", (*header, *_dim([model, provider])), tuple(self._rows()))

    def _answered(self) -> int:
        """Return when the model was done; a run that is one generation may then wait for the app."""
        answered = self.run.answered_at if self.run.one_generation else None
        return self.within.end if answered is None else answered

    def _rows(self) -> Iterator[Node]:
        run = self.run
        yield self._identity()
        yield from attribute_nodes(run.attributes)
        yield self._status()
        if run.new_input is not run.input:
            yield Node("input", ((f"{counted(run.input_repeated or 0, 'item')} as before", "dim"),))
        yield from map(self._message, run.new_input)
        yield from self._items() if run.one_generation else self._steps()
        if run.usage is not None and (facts := token_facts(run.usage)):
            yield Node("tokens", tuple(_joined([*facts, f"{run.usage.total_tokens:,} total"], "plain")))
        if billed := list(_counts(run.tool_usage)):
            yield Node("billed", tuple(_joined(billed, "plain")))
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
            run.request_id,
        ]
        return Node("run", tuple(_joined(facts, "dim")))

    def _status(self) -> Node:
        run, start = self.run, self.within.start
        changes = [
            f"{visible(change.status)} {duration(max(change.time - start, 0))}"
            for change in run.status_history
        ]
        output = run.first_output_at
        facts = [
            counted(run.poll_count, "poll") if run.poll_count else None,
            "background" if run.background else None,
            "streamed" if run.streamed else None,
            f"stream resumed {counted(run.resumed, 'time')}" if run.resumed else None,
            f"first output {duration(max(output - start, 0))}" if output is not None else None,
            f"requests retried {counted(run.retry_count, 'time')}" if run.retry_count else None,
            f"service tier {run.service_tier}" if run.service_tier not in {None, "default"} else None,
            "deleted" if run.deleted else None,
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

    def _items(self) -> Iterator[Node]:
        """Yield the items of an answer: what the model thought and said, and its tool calls."""
        messages: dict[str | None, Message] = {m.id: m for m in self.run.output}
        intervals = step_intervals(self.run.steps, self.within)
        for step, interval in zip(self.run.steps, intervals, strict=True):
            message = messages.pop(step.message_id, None) if step.message_id is not None else None
            nodes = [
                *(self._thought(part) for part in step.parts if isinstance(part, ReasoningPart)),
                *([self._message(message)] if message is not None else []),
                *(self._tool(call, interval, timed=_is_timed(call, step)) for call in step.tool_calls),
            ]
            if not nodes:
                nodes = [Node("item", ((visible(step.kind), "plain"), *_unusual(step.status)))]
            yield from nodes
            if step.error is not None and step.error not in [call.error for call in step.tool_calls]:
                yield error_node(step.error, self.length)
        yield from map(self._message, messages.values())

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
                *_unusual(step.status),
                *_dim(facts),
            ),
            tuple(children),
        )

    def _tool(self, call: ToolCall, step: Interval, *, timed: bool = True) -> Node:
        interval = tool_interval(call, step, self.within)
        kind = None if call.kind in {"function", call.name} else call.kind
        show = visible_lines if call.kind == "code_interpreter" else visible
        children = [
            Node(label, ((shortened(text, self.length, show), "plain"),))
            for label, text in tool_content(call)
        ]
        if call.error is not None:
            children.append(error_node(call.error, self.length))
        pieces: list[Piece] = [(visible(call.name), "name")]
        if timed:
            pieces.append((taken(*interval), "plain"))
        if not call.answered and not (call.hosted and call.status == "completed"):
            pieces.append(("no output", "warning"))
        if call.error is None:
            pieces += _unusual(call.status)
        whose = f"on {call.server_label}" if call.server_label else None
        return Node("tool", (*pieces, *_dim([kind, whose])), tuple(children))

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
    written = usage.cache_write_input_tokens
    return [
        f"{usage.input_tokens:,} in",
        f"{usage.output_tokens:,} out",
        f"{cached:,} cached" if cached is not None else None,
        f"{written:,} written to the cache" if written else None,
        f"{reasoning:,} reasoning" if reasoning is not None else None,
    ]


def _is_timed(call: ToolCall, step: Step) -> bool:
    """Whether it is known how long a call took: of a hosted tool, only a stream says so."""
    known = call.started_at is not None or step.started_at is not None
    return known and (call.hosted or call.answered)


def _counts(usage: Mapping[str, Any], name: str = "") -> Iterator[str]:
    """Yield the numbers of an object of objects, each with the names that lead to it."""
    for key, value in usage.items():
        if isinstance(value, dict):
            yield from _counts(value, f"{name}{key} ")
        elif isinstance(value, (int, float)) and value:
            yield f"{name}{key} {value:,}"


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
