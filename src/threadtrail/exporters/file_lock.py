"""One writer at a time, across processes: a lock on an open file. Exporters of others may use it too."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["exclusive"]

if sys.platform == "win32":
    import msvcrt

    # A byte far behind any content: Windows locks forbid others to read what they cover.
    LOCKED_BYTE = 2**31 - 2

    @contextmanager
    def exclusive(descriptor: int) -> Iterator[None]:
        """Hold the file's lock; raises OSError where another process keeps it for ten seconds."""
        os.lseek(descriptor, LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
        try:
            yield
        finally:
            os.lseek(descriptor, LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    # A pipe or a device, or a file system without locks: O_APPEND alone has to do there.
    NO_LOCKS = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.ENOSYS})

    @contextmanager
    def exclusive(descriptor: int) -> Iterator[None]:
        """Hold the file's lock, waiting for as long as it takes; it ends with the process that holds it."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            yield
            return
        try:
            yield
        finally:
            # Closing is not enough: a process forked meanwhile holds the same open file, and so the lock.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
