"""Standard output that cannot be written, such as a file on a full disk: an error of its own."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TextIO


class OutputError(Exception):
    """Standard output cannot be written; ``str`` gives the reason.

    It is no ``OSError``, so that nobody takes it for one of another file.
    """


@contextmanager
def checked_output() -> Iterator[None]:
    """Raise ``OutputError`` in this block where standard output cannot be written.

    A reader that has left stays a ``BrokenPipeError``.
    """
    with redirect_stdout(_Checked(sys.stdout)):
        yield


def discard_output() -> None:
    """Discard what standard output still holds: the interpreter flushes it once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Checked:
    """A stream whose errors are ``OutputError``; all else is that of the stream itself."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text."""
        with _as_output_error():
            return self._stream.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write the lines."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Write what is held back."""
        with _as_output_error():
            self._stream.flush()


@contextmanager
def _as_output_error() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(error.strerror or str(error)) from error
