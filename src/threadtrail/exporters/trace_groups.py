"""Keeps the runs of an open ``threadtrail.trace()`` together until it ends; loses none if it never does."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from threadtrail.events import TraceEnded, TraceStarted
from threadtrail.exporters.console_text import counted, duration, visible
from threadtrail.exporters.run_tree import Node, Piece, attribute_nodes, error_node

HELD_AT_MOST = 1000
"""So many runs are held back, and so many traces kept open; then they are shown as they are."""


@dataclass(slots=True)
class _Group:
    started: TraceStarted
    nodes: list[Node] = field(default_factory=list)
    runs: int = 0
    shown_before: bool = False


class TraceGroups:
    """The traces that are open, each with what happened in it so far."""

    def __init__(self) -> None:
        self._open: dict[str | None, _Group] = {}

    def begin(self, event: TraceStarted) -> list[Node]:
        """Open a group; returns what is to be shown now (only if too many are open)."""
        shown = self.release() if len(self._open) >= HELD_AT_MOST else []
        if shown or len(self._open) >= HELD_AT_MOST:
            self._open.clear()
        self._open[event.trace_id] = _Group(event)
        return shown

    def add(self, trace_id: str | None, node: Node, *, runs: int = 0) -> list[Node]:
        """Hold the node back if its trace is open; returns what is to be shown now."""
        group = self._open.get(trace_id)
        if group is None:
            return [node]
        told = tuple(attribute_nodes(group.started.attributes))
        group.nodes.append(
            replace(node, children=tuple(child for child in node.children if child not in told))
        )
        group.runs += runs
        held = sum(len(each.nodes) for each in self._open.values())
        return self.release() if held >= HELD_AT_MOST else []

    def end(self, event: TraceEnded, length: int) -> list[Node]:
        """Close a group: it moves into the trace around it, or is to be shown now, unless it is empty."""
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
        return self.add(event.parent_trace_id, _group_node(event, pieces, children), runs=runs)

    def release(self) -> list[Node]:
        """Return what is held, each trace under its name and marked as open; they stay open."""
        shown: dict[str | None, Node] = {}
        below: dict[str | None, list[Node]] = {}
        # Inner traces begin after outer ones: from the last back, each is ready for the one around it.
        for trace_id, group in reversed(self._open.items()):
            children = [*group.nodes, *reversed(below.get(trace_id, []))]
            if not children:
                continue
            pieces: list[Piece] = [("still open", "warning")]
            if group.shown_before:
                pieces.append(("continued", "dim"))
            node = _group_node(group.started, pieces, children)
            group.nodes, group.shown_before = [], True
            parent = group.started.parent_trace_id
            if parent in self._open and parent is not None:
                below.setdefault(parent, []).append(node)
            else:
                shown[trace_id] = node
        return [*reversed(shown.values())]

    def forget(self) -> None:
        """Drop everything: in a forked child, since the parent shows it."""
        self._open.clear()


def _group_node(event: TraceStarted | TraceEnded, pieces: list[Piece], children: list[Node]) -> Node:
    name: Piece = (f"◆ {visible(event.name)}", "name")
    return Node("", (name, *pieces), (*attribute_nodes(event.attributes), *children))
