"""Builds a tree of short lines for a turn: its generations in order, their tool calls, and its time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from threadtrail.exporters.console_text import counted, duration, visible
from threadtrail.exporters.lines import (
    MARKS,
    Node,
    attribute_nodes,
    brief_token_facts,
    dim,
    joined,
    token_nodes,
    turn_outcome,
    unusual,
)
from threadtrail.exporters.run_tree import RunTree, called_by
from threadtrail.shape import run_name
from threadtrail.turn import usage_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from threadtrail.events import RunEnded, TurnEnded
    from threadtrail.exporters.lines import Piece, Style
    from threadtrail.prices import Cost, Costs
    from threadtrail.turn import TimeSpent, Turn

__all__ = ["Generation", "continued_node", "generation_of", "open_node", "turn_node"]

STILL_OPEN: Piece = ("still open", "warning")
CONTINUED: Piece = ("continued", "dim")


@dataclass(slots=True)
class Generation:
    """The lines of a run of a turn.

    ``alone`` is its own tree. ``node`` is its part of the turn's tree, with the run's output below it;
    ``opening`` are the lines about a turn that begins with it, ``input`` those about the run's input, each
    with the id of the call that it answers.
    """

    created_at: int
    name: str
    alone: Node
    node: Node
    opening: tuple[Node, ...]
    input: tuple[tuple[str | None, Node], ...]

    def answer(self, call_id: str, shown: Node) -> None:
        """Add the lines of a call that was answered after the run was published."""
        self.alone = _with_call(self.alone, call_id, shown)
        self.node = _with_call(self.node, call_id, shown)

    def within(self) -> Node:
        """Return its part below an earlier run: outputs are shown with the calls that they answer."""
        new = [node for call_id, node in self.input if call_id is None and node.label != "input"]
        return replace(self.node, children=(*new, *self.node.children))


def generation_of(event: RunEnded, length: int, cost: Cost | None = None) -> Generation:
    """Return the lines of a run that is part of a turn; content is cut after ``length`` characters."""
    tree, run = RunTree(event, length, cost), event.run
    name = visible(run_name(run))
    unfinished: list[Piece] = [] if run.finished else [("unfinished", "warning")]
    facts = [
        run.model if run.model != name else None,
        *brief_token_facts(usage_of(run)),
        *tree.watched(),
        run.id,
    ]
    header = ((tree.took(), "plain"), *unfinished, *unusual(run.status), *dim(facts))
    messages = [None, *run.new_input] if run.new_input is not run.input else run.new_input
    answered = [message.tool_call_id if message is not None else None for message in messages]
    return Generation(
        created_at=run.created_at or 0,
        name=name,
        alone=tree.node(),
        node=Node("generation", header, (*tree.items(), *tree.end())),
        opening=(
            Node("turn", tuple(dim([run.turn_id or run.id, run.thread_id, called_by(run)]))),
            *attribute_nodes(run.attributes),
        ),
        input=tuple(zip(answered, tree.input(), strict=True)),
    )


def turn_node(event: TurnEnded, generations: Sequence[Generation], cost: Costs | None = None) -> Node:
    """Return the tree of a turn that has ended, with at least one run, and its cost."""
    first = generations[0]
    return Node(
        "",
        tuple(_header(event, first.name)),
        (*_opened(generations), *_totals(event.turn, cost)),
    )


def open_node(name: str, generations: Sequence[Generation], late: Sequence[Node], *, begun: bool) -> Node:
    """Return the tree of a turn so far; ``begun``: its beginning was printed before."""
    shown = [*late, *(each.within() for each in generations)] if begun else [*_opened(generations), *late]
    header: tuple[Piece, ...] = (("… ", "warning"), (name, "name"), STILL_OPEN)
    return Node("", (*header, CONTINUED) if begun else header, tuple(shown))


def continued_node(
    event: TurnEnded,
    name: str,
    generations: Sequence[Generation],
    late: Sequence[Node],
    cost: Costs | None = None,
) -> Node:
    """Return the rest of a turn whose beginning was printed before, and the cost of the whole turn."""
    shown = [*late, *(each.within() for each in generations)]
    return Node("", (*_header(event, name), CONTINUED), (*shown, *_totals(event.turn, cost)))


def _opened(generations: Sequence[Generation]) -> Iterator[Node]:
    first, *others = generations
    yield from first.opening
    yield from (node for _, node in first.input)
    yield first.node
    yield from (each.within() for each in others)


def _header(event: TurnEnded, name: str) -> Iterator[Piece]:
    turn = event.turn
    took = duration(max((turn.ended_at or 0) - (turn.started_at or 0), 0))
    mark, style = MARKS.get(turn.status, ("?", "warning")) if turn.finished else ("?", "warning")
    yield f"{mark} ", style
    yield name, "name"
    yield turn_outcome(turn, took), style
    provider = event.provider if event.provider != "openai" else None
    model = turn.model if turn.model != name else None
    yield from dim([model, provider, counted(len(turn.run_ids), "generation")])


def _totals(turn: Turn, cost: Costs | None) -> Iterator[Node]:
    style: Style = "plain"
    if spent := [*_parts(turn.time_spent)]:
        yield Node("time", tuple(joined(spent, style)))
    yield from token_nodes(turn.usage, cost)


def _parts(spent: TimeSpent) -> Iterator[str]:
    """Yield where the time went, in the order of a turn."""
    parts = {
        "queued": spent.queued,
        "generating": spent.generating,
        "tools": spent.tools,
        "waiting for a person": spent.person,
        "other": spent.other,
    }
    yield from (f"{name} {duration(time)}" for name, time in parts.items() if time)


def _with_call(node: Node, call_id: str, shown: Node) -> Node:
    """Return the tree with these lines instead of those of a call."""
    if node.open_call == call_id:
        return shown
    return replace(node, children=tuple(_with_call(child, call_id, shown) for child in node.children))
