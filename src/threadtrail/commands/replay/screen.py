"""The progress bar, on a terminal only."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def bar(whole: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error, if that is a terminal; yield a function to call with the number done."""
    from rich.console import Console  # noqa: PLC0415 - only terminals need rich
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn  # noqa: PLC0415 - the same

    console = Console(file=sys.stderr)
    if not console.is_terminal or os.environ.get("TERM") == "dumb":
        yield lambda _done: None
        return
    columns = BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=whole)
        yield lambda done: progress.advance(task, done)
