"""Watch what an exporter writes: to files, to the terminal, to the log, to sockets."""

from __future__ import annotations

import contextlib
import logging
import zlib
from typing import TYPE_CHECKING

from threadtrail.testing.conformance.sockets import Sockets
from threadtrail.testing.conformance.terminal import redirected

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

FILE = "the file "
GZIP = b"\x1f\x8b\x08"
GZIP_WINDOW = 31  # what zlib calls the format
NOT_THE_EXPORTERS = ("openai", "httpx", "httpcore", "asyncio", "uvicorn")
"""Prefixes of loggers that belong to the application."""


class Watch:
    """Everything that is written during its block, as far as the kit can see it.

    It does not see files outside of ``folder``, and data that C code sends, such as gRPC.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._block = contextlib.ExitStack()
        self._log = _Log()
        self.sockets: Sockets = Sockets()

    def __enter__(self) -> Self:
        self._terminal = self._block.enter_context(redirected())
        self._block.enter_context(self.sockets.watched())
        root = logging.getLogger()
        root.addHandler(self._log)
        self._block.callback(root.removeHandler, self._log)
        return self

    def __exit__(self, *_: object) -> None:
        self._block.close()

    def seen(self) -> dict[str, bytes]:
        """Return what was written so far, by place; compressed data is followed by the original."""
        found = {"the terminal": self._terminal(), "the log": "\n".join(self._log.lines).encode()}
        for path in sorted(self._folder.rglob("*")):
            if path.is_file():
                found[FILE + str(path.relative_to(self._folder))] = path.read_bytes()
        found |= self.sockets.sent()
        return {where: data + _unpacked(data) for where, data in found.items() if data}


class _Log(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(NOT_THE_EXPORTERS):
            self.lines.append(record.getMessage())


def _unpacked(data: bytes) -> bytes:
    """Return everything in ``data`` that is compressed as gzip, decompressed."""
    found = []
    start = data.find(GZIP)
    while start >= 0:
        with contextlib.suppress(zlib.error):
            found.append(zlib.decompressobj(GZIP_WINDOW).decompress(data[start:]))
        start = data.find(GZIP, start + 1)
    return b"".join(found)
