"""A database for this process alone: on disk, but without a name, and gone when the process ends."""

from __future__ import annotations

import logging
import os
import sqlite3
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

logger: logging.Logger = logging.getLogger("threadtrail")

CACHE_KIB = 4_096
"""The part of a database on disk that is kept in memory: 4 MiB."""

DISK_BYTES = 8_589_934_592
"""The maximum size of a database on disk: 8 GiB."""

MEMORY_BYTES = 268_435_456
"""The maximum size of a database in memory: 256 MiB."""

LASTING = "/var/tmp"  # noqa: S108 - mkstemp makes the file there
"""The folder that is used without TMPDIR, since the usual ones for temporary files may be in memory."""

SETTINGS = f"""
PRAGMA cache_size = -{CACHE_KIB};
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = MEMORY; -- what cannot be written completely is rolled back
PRAGMA synchronous = OFF; -- nobody reads it after the end of this process
"""


class TemporaryDatabase:
    """A database; if no file can be written, it is in memory, which is logged.

    Any thread may use its connection, one at a time.

    Args:
        tables: the statements that create its tables.
    """

    def __init__(self, tables: str) -> None:
        self._path: Path | None = None
        self.max_bytes: int = DISK_BYTES
        try:
            self.connection: sqlite3.Connection = self._on_disk(tables)
        except (OSError, sqlite3.Error) as error:
            problem = "collect: no temporary file can be written, so runs that wait for long stay in memory: "
            logger.warning("%s%s. Name a folder for it in TMPDIR", problem, error)
            self.max_bytes = MEMORY_BYTES
            self.connection = _connected(":memory:", tables)

    def _on_disk(self, tables: str) -> sqlite3.Connection:
        descriptor, name = _new_file()
        os.close(descriptor)
        self._path = Path(name)
        try:
            return _connected(name, tables)
        finally:
            self._remove_file()

    def _remove_file(self) -> None:
        """Remove the file's name; the file exists until it is closed. Windows removes no open file."""
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    @property
    def is_full(self) -> bool:
        """Whether it has reached its maximum size."""
        sizes = {}
        for name in ("page_count", "freelist_count", "page_size"):
            (sizes[name],) = self.connection.execute(f"PRAGMA {name}").fetchone()
        used: int = (sizes["page_count"] - sizes["freelist_count"]) * sizes["page_size"]
        return used >= self.max_bytes

    def close(self) -> None:
        """Close it, so that nothing of it is left."""
        self.connection.close()
        self._remove_file()


def _new_file() -> tuple[int, str]:
    """Return the descriptor and the name of a new file that only this user may read.

    Raises:
        OSError: no folder for temporary files can be written.
    """
    for folder in _folders():
        with suppress(OSError):
            return tempfile.mkstemp(prefix="threadtrail-", dir=folder)
    return tempfile.mkstemp(prefix="threadtrail-")


def _folders() -> Iterator[str]:
    if "TMPDIR" not in os.environ:
        yield LASTING


def _connected(name: str, tables: str) -> sqlite3.Connection:
    connection = sqlite3.connect(name, check_same_thread=False)
    try:
        connection.executescript(SETTINGS + tables)
    except sqlite3.Error:
        connection.close()
        raise
    return connection
