"""Render a tree of lines: with ``rich`` in colour for a terminal, or as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.table import Table
    from rich.tree import Tree

    from threadtrail.exporters.lines import Node

GAP = "  "
STYLES = {
    "plain": "",
    "name": "bold",
    "dim": "dim",
    "good": "green",
    "bad": "bold red",
    "warning": "yellow",
}
LABELS = {"error": "bold red", "user": "bold blue", "assistant": "bold magenta", "incomplete": "yellow"}
OTHER_LABEL = "cyan"


def plain(node: Node) -> str:
    """Return the tree as text without escape codes. Lines are not wrapped."""
    lines = [_plain_line(node, 0), *_plain_below(node, "")]
    return "".join(f"{line}\n" for line in lines)


def coloured(node: Node, console: Console) -> str:
    """Return the tree as ``console`` would print it, wrapped to its width."""
    from rich.tree import Tree  # noqa: PLC0415 - only terminals need rich

    tree = Tree(_line(node, 0), guide_style="dim")
    _hang(tree, node)
    with console.capture() as capture:
        console.print(tree, highlight=False)
    # An empty line separates trees of several lines.
    return capture.get() + ("\n" if node.children else "")


def _plain_below(node: Node, indent: str) -> Iterator[str]:
    width = _label_width(node)
    for child in node.children:
        last = child is node.children[-1]
        first, *more = _plain_line(child, width).split("\n")
        yield f"{indent}{'└── ' if last else '├── '}{first}"
        below = indent + ("    " if last else "│   ")
        under_text = below + " " * (width + len(GAP))
        yield from (f"{under_text}{line}".rstrip() for line in more)
        yield from _plain_below(child, below)


def _plain_line(node: Node, label_width: int) -> str:
    label = node.label.ljust(label_width) + GAP if node.label else ""
    return label + "".join(text for text, _style in node.spaced())


def _label_width(node: Node) -> int:
    return max((len(child.label) for child in node.children), default=0)


def _hang(tree: Tree, node: Node) -> None:
    width = _label_width(node)
    for child in node.children:
        _hang(tree.add(_line(child, width)), child)


def _line(node: Node, label_width: int) -> Table:
    """Return a label and its text side by side, so that wrapped lines stay under the text."""
    from rich.table import Table  # noqa: PLC0415 - only terminals need rich
    from rich.text import Text  # noqa: PLC0415 - as above

    text = Text(overflow="fold")
    for piece, style in node.spaced():
        text.append(piece, STYLES[style])
    grid = Table.grid(padding=(0, len(GAP), 0, 0), pad_edge=False)
    if not node.label:
        grid.add_column(overflow="fold")
        grid.add_row(text)
        return grid
    grid.add_column(width=label_width, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(node.label, LABELS.get(node.label, OTHER_LABEL)), text)
    return grid
