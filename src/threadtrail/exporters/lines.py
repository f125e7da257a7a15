"""The lines of the console's trees: errors, tool calls, tokens, attributes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from threadtrail.exporters.console_text import counted, shortened, taken, visible, visible_lines
from threadtrail.exporters.content_lines import tool_content
from threadtrail.notebook.cells import Cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from threadtrail.events import RequestFailed
    from threadtrail.prices import Cost, Costs
    from threadtrail.shape.times import Interval
    from threadtrail.turn import Turn
    from threadtrail.values import Attributes, Failure, ToolCall, Usage

Style = Literal["plain", "name", "dim", "good", "bad", "warning"]
Piece = tuple[str, Style]


@dataclass(frozen=True, slots=True)
class Node:
    """A line: a label, which may be empty, and pieces of text, which may have line ends.

    ``children`` are the lines below it. ``open_call`` is the id of the tool call that it shows, if that may
    be answered later. ``cell``, on the first line of a tree, is the cell of a notebook in which the tree
    began.
    """

    label: str
    pieces: tuple[Piece, ...]
    children: tuple[Node, ...] = ()
    open_call: str | None = None
    cell: Cell | None = None

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
    return Node("", ((error, "bad"), *dim(facts)))


def attribute_nodes(attributes: Attributes) -> Iterator[Node]:
    """Yield a line with the attributes of the caller, if there are any."""
    facts = [
        f"user {attributes.user_id}" if attributes.user_id else None,
        f"session {attributes.session_id}" if attributes.session_id else None,
        f"tags {', '.join(attributes.tags)}" if attributes.tags else None,
        *(f"{key}={value}" for key, value in attributes.metadata.items()),
    ]
    if any(facts):
        yield Node("attributes", tuple(joined(facts, "plain")))


def error_node(error: Failure, length: int) -> Node:
    """Return the line of an error."""
    message = f": {shortened(error.message, length)}" if error.message else ""
    about = f" (about {visible(error.param)})" if error.param else ""
    return Node("error", ((visible(error.type) + message + about, "bad"),))


def tool_node(call: ToolCall, interval: Interval | None, length: int) -> Node:
    """Return the lines of a tool call; ``interval`` is the time of the call, if that is known."""
    kind = None if call.kind in {"function", call.name} else call.kind
    show = visible_lines if call.kind == "code_interpreter" else visible
    children = [
        Node(label, ((shortened(text, length, show), "plain"),)) for label, text in tool_content(call)
    ]
    if call.error is not None:
        children.append(error_node(call.error, length))
    pieces: list[Piece] = [(visible(call.name), "name")]
    if interval is not None:
        pieces.append((taken(*interval), "plain"))
    if not call.answered and not (call.hosted and call.status == "completed"):
        pieces.append(("no output", "warning"))
    if call.error is None:
        pieces += unusual(call.status)
    whose = f"on {call.server_label}" if call.server_label else None
    person = "waited for a person" if call.executed_by == "human" else None
    open_id = call.id if call.ended_at is None and not call.hosted else None
    return Node("tool", (*pieces, *dim([kind, whose, person])), tuple(children), open_id)


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


def brief_token_facts(usage: Usage | None) -> list[str | None]:
    """Return the token counts of a usage, without parts that are zero."""
    if usage is None:
        return []
    cached, reasoning = usage.cached_input_tokens or None, usage.reasoning_tokens or None
    return token_facts(replace(usage, cached_input_tokens=cached, reasoning_tokens=reasoning))


def token_nodes(usage: Usage | None, cost: Cost | Costs | None = None) -> Iterator[Node]:
    """Yield a line with the token counts and their cost, if any token was used."""
    if usage is not None and (facts := token_facts(usage)):
        total = f"{usage.total_tokens:,} total"
        yield Node("tokens", tuple(joined([*facts, total, *cost_facts(cost)], "plain")))


def cost_facts(cost: Cost | Costs | None) -> list[str]:
    """Return a cost and what is not in it; nothing for a server without known prices."""
    return [] if cost is None or cost.elsewhere else [cost.text, *cost.notes]


def outcome_of(status: str | None, took: str, *, finished: bool) -> str:
    """Return how a run ended."""
    if finished:
        return f"{visible(status or 'ended')} in {took}"
    return f"unfinished: last seen {visible(status or 'nowhere')}, given up after {took}"


def is_left_open(turn: Turn) -> bool:
    """Return whether the last run of a turn completed with calls for the app, and no run continued it."""
    return not turn.finished and MARKS.get(turn.status, ("", "warning"))[1] == "good"


def turn_outcome(turn: Turn, took: str) -> str:
    """Return how a turn ended."""
    if is_left_open(turn):
        return f"unfinished: not continued after {took}"
    return outcome_of(turn.status, took, finished=turn.finished)


def unusual(status: str | None, reason: str | None = None) -> Iterator[Piece]:
    """Yield the status of a step or a message, unless it is ``completed``."""
    if status is not None and status != "completed":
        style = MARKS.get(status, ("", "warning"))[1]
        yield visible(f"{status}: {reason}" if reason else status), style


def dim(facts: Sequence[str | None]) -> list[Piece]:
    """Return the known facts as one muted piece, or no piece."""
    return joined(facts, "dim")


def joined(facts: Sequence[str | None], style: Style) -> list[Piece]:
    """Return the known facts as one piece in this style, or no piece."""
    text = " · ".join(visible(fact) for fact in facts if fact)
    return [(text, style)] if text else []
