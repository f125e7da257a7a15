"""Prints the output of commands: in colour and wrapped on a terminal, as whole lines elsewhere."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from threadtrail.exporters.console_text import encodable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console, RenderableType

UNWRAPPED = 1_000
"""The width in columns where the output is not a terminal."""


def terminal(*, color: bool = True) -> Console | None:
    """Return a console for standard output, or None if that is not a terminal."""
    from rich.console import Console  # noqa: PLC0415 - `--help` does without

    console = Console(file=sys.stdout, highlight=False, force_jupyter=False, no_color=None if color else True)
    return console if console.is_terminal and os.environ.get("TERM") != "dumb" else None


def print_on(console: Console, *items: RenderableType) -> None:
    """Print the items; characters that standard output cannot encode are replaced."""
    with console.capture() as capture:
        for item in items:
            console.print(item)
    _write(capture.get())


def print_unwrapped(*items: RenderableType) -> None:
    """Print the items as plain text for a file or a pipe: in columns, and nothing wrapped or cut."""
    from rich.console import Console  # noqa: PLC0415 - as above

    plain = Console(file=sys.stdout, force_terminal=False, no_color=True, width=UNWRAPPED, highlight=False)
    with plain.capture() as captured:
        for item in items:
            plain.print(item)
    print_lines(captured.get().splitlines())


def print_lines(lines: Iterable[str]) -> None:
    """Print the lines; characters that standard output cannot encode are replaced."""
    _write("".join(f"{line.rstrip()}\n" for line in lines))


def _write(text: str) -> None:
    sys.stdout.write(encodable(text, sys.stdout.encoding))
