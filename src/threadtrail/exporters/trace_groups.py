"""Holds the runs of an open ``threadtrail.trace()`` until it ends, so that they are printed together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from threadtrail.events import TraceEnded, TraceStarted
from threadtrail.exporters.console_text import counted, duration, visible
from threadtrail.exporters.lines import Node, Piece, attribute_nodes, error_node
from threadtrail.notebook.cells import Cell

MAX_HELD = 1000
"""The maximum number of held runs, and of open traces; beyond it, all held runs are printed."""


@dataclass(slots=True)
class _Group:
    started: TraceStarted
    cell: Cell | None = None
    nodes: list[Node] = field(default_factory=list)
    runs: int = 0
    shown_before: bool = False


class TraceGroups:
    """The open traces, each with the lines of its runs and failed requests so far."""

    def __init__(self) -> None:
        self._open: dict[str | None, _Group] = {}

    def begin(self, event: TraceStarted, cell: Cell | None = None) -> list[Node]:
        """Open a group; return what must be printed now: nothing, unless too many are open."""
        shown = self.release() if len(self._open) >= MAX_HELD else []
        if shown or len(self._open) >= MAX_HELD:
            self._open.clear()
        self._open[event.trace_id] = _Group(event, cell)
        return shown

    def add(self, trace_id: str | None, node: Node, *, runs: int = 0) -> list[Node]:
        """Hold the node if its trace is open; return what must be printed now."""
        group = self._open.get(trace_id)
        if group is None:
            return [node]
        shared = tuple(attribute_nodes(group.started.attributes))
        group.nodes.append(
            replace(node, children=tuple(child for child in node.children if child not in shared))
        )
        group.runs += runs
        held = sum(len(each.nodes) for each in self._open.values())
        return self.release() if held >= MAX_HELD else []

    def end(self, event: TraceEnded, length: int) -> list[Node]:
        """Close a group; return it if it must be printed now. An inner group moves to the outer trace."""
        group = self._open.pop(event.trace_id, None)
        children = list(group.nodes) if group else []
        if event.error is None and not children and not (group and group.shown_before):
            return []
        if event.error is not None:
            children.append(error_node(event.error, length))
        runs = group.runs if group else 0
        facts = f"{counted(runs, 'run')} in {duration(max(event.time - event.started_at, 0))}"
        pieces: list[Piece] = [(facts, "bad" if event.error else "plain")]
        if group and group.shown_before:
            pieces.append(("continued", "dim"))
        node = _group_node(event, pieces, children, group.cell if group else None)
        return self.add(event.parent_trace_id, node, runs=runs)

    def release(self) -> list[Node]:
        """Return the held runs, each trace under its name and marked as still open. Traces stay open."""
        shown: dict[str | None, Node] = {}
        below: dict[str | None, list[Node]] = {}
        # Inner traces begin after outer ones, so in reverse order each is complete before its outer trace.
        for trace_id, group in reversed(self._open.items()):
            children = [*group.nodes, *reversed(below.get(trace_id, []))]
            if not children:
                continue
            pieces: list[Piece] = [("still open", "warning")]
            if group.shown_before:
                pieces.append(("continued", "dim"))
            node = _group_node(group.started, pieces, children, group.cell)
            group.nodes, group.shown_before = [], True
            parent = group.started.parent_trace_id
            if parent in self._open and parent is not None:
                below.setdefault(parent, []).append(node)
            else:
                shown[trace_id] = node
        return [*reversed(shown.values())]

    def forget(self) -> None:
        """Drop everything; called in a forked child, since the parent prints it."""
        self._open.clear()


def _group_node(
    event: TraceStarted | TraceEnded, pieces: list[Piece], children: list[Node], cell: Cell | None
) -> Node:
    name: Piece = (f"◆ {visible(event.name)}", "name")
    return Node("", (name, *pieces), (*attribute_nodes(event.attributes), *children), cell=cell)
