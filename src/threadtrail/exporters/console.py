"""The exporter ``console``: prints a tree for each run, with input, steps, output and tokens."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from itertools import groupby, repeat
from typing import TYPE_CHECKING, Any, Literal, TextIO

from threadtrail.errors import CheckError, ConfigurationError
from threadtrail.events import (
    Event,
    RequestFailed,
    RunEnded,
    ToolCallCompleted,
    TraceEnded,
    TraceStarted,
    TurnEnded,
)
from threadtrail.exporters.console_render import coloured, plain
from threadtrail.exporters.console_text import encodable
from threadtrail.exporters.each_event import each
from threadtrail.exporters.lines import Node, request_node
from threadtrail.exporters.trace_groups import TraceGroups
from threadtrail.exporters.turn_groups import TurnGroups
from threadtrail.hookspecs import hookimpl
from threadtrail.notebook.cells import Cell, cell_of, writes_below_cells
from threadtrail.prices import cost_or_none

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from threadtrail.exporters.turn_groups import Shown

__all__ = ["ConsoleExporter"]

STREAMS = ("auto", "stderr", "stdout")
COLORS = ("auto", "always", "never")
CONTENT_LENGTH = 300
LEAST_WIDTH = 40


class ConsoleExporter:
    """Prints each run as a tree when it ends, and each failed request as a line.

    Runs that answer the tool calls of each other are one turn, and are printed as one tree when it ends. The
    runs of a ``threadtrail.trace()`` are printed together under its name when that ends. A ``flush`` or
    ``shutdown`` before that prints the runs so far. Control characters in the content of a run are printed as
    escapes, so they cannot control the terminal. In a notebook, trees are printed below the cell in which
    they began.

    Args:
        stream: ``"stderr"``, ``"stdout"``, or an open text file. The names refer to the streams of ``sys`` at
            the time of printing. ``"auto"`` is standard error, so that the output of a program can still be
            piped; in a notebook, which shows standard error as a failure, it is standard output.
        color: ``"auto"``, ``"always"`` or ``"never"``. With ``"auto"``, the output is coloured on a
            terminal and plain text elsewhere; ``NO_COLOR`` and ``FORCE_COLOR`` are respected.
        width: columns to wrap at, at least 40; by default the width of the terminal. Plain text is not
            wrapped.
        content_length: the maximum number of characters to print of each message, argument and output.
        costs: print the cost of each run, if the library ``genai-prices`` is installed.

    Raises:
        ConfigurationError: an argument has another value.
    """

    harmless_options: frozenset[str] = frozenset({"stream", "color", "width", "content_length", "costs"})

    def __init__(
        self,
        stream: Literal["auto", "stderr", "stdout"] | TextIO = "auto",
        color: Literal["auto", "always", "never"] = "auto",
        width: int | None = None,
        content_length: int = CONTENT_LENGTH,
        *,
        costs: bool = True,
    ) -> None:
        if stream not in STREAMS and not hasattr(stream, "write"):
            allowed = "choose auto, stderr or stdout, or pass an open text file"
            raise ConfigurationError(allowed, option="stream", value=stream)
        if color not in COLORS:
            raise ConfigurationError(f"choose one of {', '.join(COLORS)}", option="color", value=color)
        if width is not None and width < LEAST_WIDTH:
            allowed = f"choose {LEAST_WIDTH} columns or more, or leave it out"
            raise ConfigurationError(allowed, option="width", value=width)
        if content_length < 1:
            allowed = "choose 1 character or more"
            raise ConfigurationError(allowed, option="content_length", value=content_length)
        self._stream = stream
        self._color = color
        self._width = width
        self._length = content_length
        self._groups = TraceGroups()
        self._turns = TurnGroups(content_length, cost_or_none) if costs else TurnGroups(content_length)

    @hookimpl
    def capture_context(self) -> Cell | None:
        """Return the cell of the notebook in which something begins."""
        return cell_of(self._target())

    @hookimpl
    def export(self, events: Sequence[Event], contexts: Sequence[object] = ()) -> None:
        """Print the runs, failed requests and traces among these events; ignore other events.

        Raises:
            EventsLostError: some of them cannot be printed; the others were printed.
        """
        cells = (context if isinstance(context, Cell) else None for context in contexts or repeat(None))
        nodes, lost = each(zip(events, cells, strict=False), lambda pair: self._take(*pair))
        self._print([node for shown in nodes for node in shown])
        if lost is not None:
            raise lost

    @hookimpl
    def flush(self) -> None:
        """Print the runs that are held until the end of their turn, or of their trace."""
        self._print([*self._grouped(self._turns.release()), *self._groups.release()])

    @hookimpl
    def shutdown(self) -> None:
        """Print the runs that are still held."""
        self.flush()

    @hookimpl
    def after_fork(self) -> None:
        """Drop the held runs, which the parent prints."""
        self._groups.forget()
        self._turns.forget()

    @hookimpl
    def check(self) -> str:
        """Return where the exporter prints to.

        Raises:
            CheckError: the stream is closed.
        """
        stream = self._target()
        if stream is None or getattr(stream, "closed", False):
            raise CheckError(
                f"Nothing can be printed to {self._stream!r}: it is closed.",
                "Choose another stream, or the exporter jsonl.",
            )
        return f"Runs are printed to {self.destination()}."

    @hookimpl
    def destination(self) -> str:
        """Return which stream it prints to."""
        if isinstance(self._stream, str):
            return {"stderr": "standard error", "stdout": "standard output"}[self._name()]
        return repr(self._stream)

    def _name(self) -> str:
        """Return the name of the stream of ``sys`` that it prints to."""
        if self._stream == "auto":
            return "stdout" if writes_below_cells(sys.stdout) else "stderr"
        return str(self._stream)

    def _target(self) -> Any:
        """Return the stream that it prints to at this moment; None if the program has none."""
        return getattr(sys, self._name()) if isinstance(self._stream, str) else self._stream

    def _take(self, event: Event, cell: Cell | None) -> list[Node]:
        if isinstance(event, RunEnded):
            return self._grouped(self._turns.run_ended(event, cell))
        if isinstance(event, TurnEnded):
            return self._grouped(self._turns.turn_ended(event))
        if isinstance(event, ToolCallCompleted):
            self._turns.call_completed(event)
        if isinstance(event, RequestFailed):
            node = replace(request_node(event, self._length), cell=cell)
            return self._groups.add(event.trace_id, node)
        if isinstance(event, TraceStarted):
            return self._groups.begin(event, cell)
        if isinstance(event, TraceEnded):
            return self._groups.end(event, self._length)
        return []

    def _grouped(self, trees: list[Shown]) -> list[Node]:
        """Hold trees whose trace is open; return what must be printed now."""
        return [
            node for shown in trees for node in self._groups.add(shown.trace_id, shown.node, runs=shown.runs)
        ]

    def _print(self, nodes: list[Node]) -> None:
        stream = self._target()
        if not nodes or stream is None:  # a program without a console has no streams
            return
        console = self._console(stream) if self._in_color(stream) else None
        for cell, below_it in groupby(nodes, key=lambda node: node.cell):
            drawn = [plain(node) if console is None else coloured(node, console) for node in below_it]
            text = encodable("".join(drawn), getattr(stream, "encoding", None))
            if cell is not None and writes_below_cells(stream):
                cell.write(stream, text)
                continue
            # One write, so that output of other threads cannot come in between.
            stream.write(text)
            stream.flush()

    def _in_color(self, stream: Any) -> bool:
        if self._color != "auto":
            return self._color == "always"
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR"):
            return True
        return os.environ.get("TERM") not in {"dumb", "unknown"} and stream.isatty()

    def _console(self, stream: Any) -> Console | None:
        from rich.console import Console  # noqa: PLC0415 - only terminals need rich

        # Within a kernel, rich would also display captured text as separate outputs.
        console = Console(
            file=stream, force_terminal=True, force_jupyter=False, width=self._width, highlight=False
        )
        return None if console.legacy_windows else console
