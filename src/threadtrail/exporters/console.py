"""One tree per run on the terminal: what was asked, what happened, what came out, what it cost."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Literal, TextIO

from threadtrail.errors import CheckError, ConfigurationError
from threadtrail.events import Event, RequestFailed, RunEnded, TraceEnded, TraceStarted
from threadtrail.exporters.console_render import coloured, plain
from threadtrail.exporters.console_text import encodable
from threadtrail.exporters.run_tree import Node, request_node, run_node
from threadtrail.exporters.trace_groups import TraceGroups
from threadtrail.hookspecs import hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

__all__ = ["ConsoleExporter"]

STREAMS = ("stderr", "stdout")
COLORS = ("auto", "always", "never")
CONTENT_LENGTH = 300
LEAST_WIDTH = 40


class ConsoleExporter:
    """Prints each run as a tree when it ends, and each failed request as a line.

    The runs of a ``threadtrail.trace()`` are printed together under its name when it ends, or at
    ``flush`` and ``shutdown``, whichever comes first. Nothing in the content of a run can steer the
    terminal: control characters are shown as escapes.

    Args:
        stream: ``"stderr"`` (so that the output of a program can still be piped), ``"stdout"``, or an
            open text file. The two names mean what ``sys`` holds at the time of printing.
        color: ``"auto"`` is colour on a terminal and plain text elsewhere, with ``NO_COLOR`` and
            ``FORCE_COLOR`` respected; or ``"always"`` or ``"never"``.
        width: columns to wrap at, at least 40; by default those of the terminal. Plain text is not wrapped.
        content_length: characters of each message, argument and output to show.

    Raises:
        ConfigurationError: an argument is none of these.
    """

    def __init__(
        self,
        stream: Literal["stderr", "stdout"] | TextIO = "stderr",
        color: Literal["auto", "always", "never"] = "auto",
        width: int | None = None,
        content_length: int = CONTENT_LENGTH,
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

    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        """Print what ended with these events; events of other classes are passed over."""
        self._print([node for event in events for node in self._take(event)])

    @hookimpl
    def flush(self) -> None:
        """Print the runs that wait for the end of their trace."""
        self._print(self._groups.release())

    @hookimpl
    def shutdown(self) -> None:
        """Print what is still held."""
        self.flush()

    @hookimpl
    def after_fork(self) -> None:
        """Leave what is held to the parent, which prints it."""
        self._groups.forget()

    @hookimpl
    def check(self) -> str:
        """Say where it prints to.

        Raises:
            CheckError: it cannot print there.
        """
        stream: Any = self._stream if not isinstance(self._stream, str) else getattr(sys, self._stream)
        if stream is None or getattr(stream, "closed", False):
            raise CheckError(
                f"Nothing can be printed to {self._stream!r}: it is closed.",
                "Choose another stream, or the exporter jsonl.",
            )
        name = {"stderr": "standard error", "stdout": "standard output"}.get(str(self._stream))
        return f"Runs are printed to {name or repr(stream)}."

    def _take(self, event: Event) -> list[Node]:
        if isinstance(event, RunEnded):
            return self._groups.add(event.trace_id, run_node(event, self._length), runs=1)
        if isinstance(event, RequestFailed):
            return self._groups.add(event.trace_id, request_node(event, self._length))
        if isinstance(event, TraceStarted):
            return self._groups.begin(event)
        if isinstance(event, TraceEnded):
            return self._groups.end(event, self._length)
        return []

    def _print(self, nodes: list[Node]) -> None:
        stream: Any = getattr(sys, self._stream) if isinstance(self._stream, str) else self._stream
        if not nodes or stream is None:  # a program without a console has neither stream
            return
        console = self._console(stream) if self._in_color(stream) else None
        drawn = [plain(node) if console is None else coloured(node, console) for node in nodes]
        # One write, so that what other threads print does not come in between.
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
