"""A lock on an open file, so that one process writes at a time. Other exporters may use it as well."""

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

    # A byte far behind any content, since other processes cannot read locked bytes on Windows.
    LOCKED_BYTE = 2**31 - 2

    @contextmanager
    def exclusive(descriptor: int) -> Iterator[None]:
        """Hold the file's lock; raise OSError if another process holds it for ten seconds."""
        os.lseek(descriptor, LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
        try:
            yield
        finally:
            os.lseek(descriptor, LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    # A pipe, a device, or a file system without locks: they are written without a lock.
    NO_LOCKS = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.ENOSYS})

    @contextmanager
    def exclusive(descriptor: int) -> Iterator[None]:
        """Hold the file's lock; wait for it without a timeout. A process that ends releases its locks."""
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
            # Closing the file is not enough: a child forked in between has it open, and keeps the lock.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
