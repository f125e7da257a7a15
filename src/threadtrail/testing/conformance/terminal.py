"""Record what a block writes to the terminal, through ``sys.stdout`` or directly."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STREAMS = (("stdout", 1), ("stderr", 2))


@contextlib.contextmanager
def redirected() -> Iterator[Callable[[], bytes]]:
    """Redirect both streams to a file; yield a function that returns its content.

    At the end of the block, the content is written to ``sys.stdout``, so that pytest can show it.
    """
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as undo:
        path = Path(folder) / "terminal"
        path.touch()
        for name, number in STREAMS:
            undo.enter_context(_stream_into(name, path))
            undo.enter_context(_descriptor_into(number, path))
        try:
            yield path.read_bytes
        finally:
            undo.close()
            sys.stdout.write(path.read_text(encoding="utf-8", errors="replace"))


@contextlib.contextmanager
def _stream_into(name: str, path: Path) -> Iterator[None]:
    former = getattr(sys, name)
    with path.open("a", buffering=1, encoding="utf-8", errors="backslashreplace", newline="") as stream:
        setattr(sys, name, stream)
        try:
            yield
        finally:
            setattr(sys, name, former)


@contextlib.contextmanager
def _descriptor_into(number: int, path: Path) -> Iterator[None]:
    saved = os.dup(number)
    try:
        with path.open("ab") as file:
            os.dup2(file.fileno(), number)
        yield
    finally:
        os.dup2(saved, number)
        os.close(saved)
