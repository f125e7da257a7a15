"""The exporter ``console``: prints a tree for each run, with input, steps, output and tokens."""

from __future__ import annotations

import os
import sys
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
from threadtrail.prices import cost_or_none

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from threadtrail.exporters.turn_groups import Shown

__all__ = ["ConsoleExporter"]

STREAMS = ("stderr", "stdout")
COLORS = ("auto", "always", "never")
CONTENT_LENGTH = 300
LEAST_WIDTH = 40


class ConsoleExporter:
    """Prints each run as a tree when it ends, and each failed request as a line.

    Runs that answer the tool calls of each other are one turn, and are printed as one tree when it ends. The
    runs of a ``threadtrail.trace()`` are printed together under its name when that ends. A ``flush`` or
    ``shutdown`` before that prints what is there. Control characters in the content of a run are printed as
    escapes, so they cannot control the terminal.

    Args:
        stream: ``"stderr"`` (so that the output of a program can still be piped), ``"stdout"``, or an
            open text file. The names refer to the streams of ``sys`` at the time of printing.
        color: ``"auto"``, ``"always"`` or ``"never"``. With ``"auto"``, the output is coloured on a
            terminal and plain text elsewhere; ``NO_COLOR`` and ``FORCE_COLOR`` are respected.
        width: columns to wrap at, at least 40; by default the width of the terminal. Plain text is not
            wrapped.
        content_length: the maximum number of characters to print of each message, argument and output.
        costs: print what each run cost, where the library ``genai-prices`` is installed.

    Raises:
        ConfigurationError: an argument has another value.
    """

    harmless_options = frozenset({"stream", "color", "width", "content_length", "costs"})

    def __init__(
        self,
        stream: Literal["stderr", "stdout"] | TextIO = "stderr",
        color: Literal["auto", "always", "never"] = "auto",
        width: int | None = None,
        content_length: int = CONTENT_LENGTH,
        *,
        costs: bool = True,
    ) -> None:
        if stream not in STREAMS and not hasattr(stream, "write"):
            allowed = "choose stderr or stdout, or pass an open text file"
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
    def export(self, events: Sequence[Event]) -> None:
        """Print the runs, failed requests and traces among these events; ignore other events.

        Raises:
            EventsLostError: some of them cannot be printed; the others were.
        """
        nodes, lost = each(events, self._take)
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
        stream: Any = self._stream if not isinstance(self._stream, str) else getattr(sys, self._stream)
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
            return {"stderr": "standard error", "stdout": "standard output"}[self._stream]
        return repr(self._stream)

    def _take(self, event: Event) -> list[Node]:
        if isinstance(event, RunEnded):
            return self._grouped(self._turns.run_ended(event))
        if isinstance(event, TurnEnded):
            return self._grouped(self._turns.turn_ended(event))
        if isinstance(event, ToolCallCompleted):
            self._turns.call_completed(event)
        if isinstance(event, RequestFailed):
            return self._groups.add(event.trace_id, request_node(event, self._length))
        if isinstance(event, TraceStarted):
            return self._groups.begin(event)
        if isinstance(event, TraceEnded):
            return self._groups.end(event, self._length)
        return []

    def _grouped(self, trees: list[Shown]) -> list[Node]:
        """Hold trees whose trace is open; return what must be printed now."""
        return [
            node for shown in trees for node in self._groups.add(shown.trace_id, shown.node, runs=shown.runs)
        ]

    def _print(self, nodes: list[Node]) -> None:
        stream: Any = getattr(sys, self._stream) if isinstance(self._stream, str) else self._stream
        if not nodes or stream is None:  # a program without a console has no streams
            return
        console = self._console(stream) if self._in_color(stream) else None
        drawn = [plain(node) if console is None else coloured(node, console) for node in nodes]
        # One write, so that output of other threads cannot come in between.
        stream.write(encodable("".join(drawn), getattr(stream, "encoding", None)))
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

        console = Console(file=stream, force_terminal=True, width=self._width, highlight=False)
        return None if console.legacy_windows else console
