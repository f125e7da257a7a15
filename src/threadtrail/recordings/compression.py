"""Recordings that were compressed, as ``logrotate`` does: what ``gzip`` made is read as it is."""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

GZIP = "gzip"
BEGINNINGS = {
    b"\x1f\x8b": GZIP,
    b"\xfd7zXZ": "xz",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
}
"""How files begin that a program has compressed."""


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a recording to read it, uncompressed.

    Raises:
        OSError: it cannot be read, or what ``gzip`` made is damaged or not complete.
    """
    with path.open("rb") as file:
        if _program(file.peek(max(map(len, BEGINNINGS)))) != GZIP:
            yield file
            return
        try:
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield unpacked  # type: ignore[misc]  # which is read as any binary file
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise OSError(f"what gzip made of it is damaged or incomplete ({error})") from error


def compressed_by(path: Path) -> str | None:
    """Return the program that compressed a file; ``None`` if none did, or the file cannot be read."""
    with suppress(OSError), path.open("rb") as file:
        return _program(file.read(max(map(len, BEGINNINGS))))
    return None


def _program(beginning: bytes) -> str | None:
    return next((name for bytes_, name in BEGINNINGS.items() if beginning.startswith(bytes_)), None)
