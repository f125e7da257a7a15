"""Every event as one line of JSON, in a file that only grows: nothing to install, nothing to lose.

The file can be shared by any number of processes, rotated (by renaming or by truncating) and removed
while they run: it is opened anew for each batch, so that no descriptor outlives a rename or a fork.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from threadtrail.errors import CheckError, ConfigurationError
from threadtrail.events import Event
from threadtrail.exporters.file_lock import exclusive
from threadtrail.hookspecs import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["JsonlExporter", "read_events"]

OWNER_ONLY = 0o600
APPEND = os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
BINARY = getattr(os, "O_BINARY", 0)  # Windows would write \r\n
NOT_SYNCED = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EROFS})


class JsonlExporter:
    """Appends every event to a file, one line of JSON each; ``read_events`` reads them back.

    A line is never torn: a batch is written under the file's lock, and what a process that was killed
    in the middle of a line left behind is closed off before the next one. Lines of one process stand
    in the order of its events; those of several processes are mixed batch by batch.

    Args:
        path: the file; ``~`` is the home folder, a relative path starts from the folder in which the
            exporter was made. A new file is readable by its owner alone (mode 0600); one that exists
            keeps its mode. The folder must exist.
    """

    def __init__(self, path: str | os.PathLike[str] = "threadtrail.jsonl") -> None:
        self._given = os.fspath(path)
        try:
            self.path = Path(path).expanduser().absolute()
        except RuntimeError as error:
            problem = f"{error}; write the whole path out"
            raise ConfigurationError(problem, option="path", value=self._given) from error
        self._descriptor: int | None = None

    @hookimpl
    def start(self) -> None:
        """Make sure that the file can be written, and create it if it is not there yet.

        Raises:
            ConfigurationError: the folder is missing, or the path cannot be written.
        """
        try:
            with self._open():
                pass
        except (OSError, ValueError) as error:
            problem = "; ".join(self._trouble(error))
            raise ConfigurationError(problem, option="path", value=self._given) from error

    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        """Append the batch. Raises OSError if it could not be written, and then leaves no part of it.

        An event that cannot be put into JSON (one of an author's own) does not keep the others back:
        they are written, then its error is raised.
        """
        lines: list[bytes] = []
        unfit: list[Exception] = []
        for event in events:
            try:
                lines.append(event.to_json().encode() + b"\n")
            except (ValueError, TypeError, RuntimeError) as error:  # all that pydantic raises
                unfit.append(error)
        if lines:
            self._append(b"".join(lines))
        if unfit:
            raise unfit[0]

    @hookimpl
    def flush(self) -> None:
        """Have the system put the file on the disk (fsync), against a crash of the machine.

        A crash of the process alone loses nothing: each batch is with the system when it is written.
        """
        if not self.path.exists():
            return
        with self._open() as descriptor:
            try:
                os.fsync(descriptor)
            except OSError as error:
                if error.errno not in NOT_SYNCED:  # a pipe or a device has nothing to be synced
                    raise

    @hookimpl
    def shutdown(self) -> None:
        """Flush; there is nothing to close."""
        self.flush()

    @hookimpl
    def after_fork(self) -> None:
        """Close the child's copy of a file that the parent was writing at that moment."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    @hookimpl
    def check(self) -> str:
        """Say which file it is, and how long it is by now.

        Raises:
            CheckError: it cannot be written any more.
        """
        try:
            with self._open() as descriptor:
                size = os.fstat(descriptor).st_size
        except (OSError, ValueError) as error:
            problem, advice = self._trouble(error)
            raise CheckError(
                f"{problem[:1].upper()}{problem[1:]}.", f"{advice[:1].upper()}{advice[1:]}."
            ) from error
        return f"{self.path} can be written; it holds {size:,} bytes."

    def _trouble(self, error: OSError | ValueError) -> tuple[str, str]:
        """Say why the file cannot be written, and what to do about it."""
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            return f"there is no folder {str(self.path.parent)!r}", "create it, or choose another path"
        reason = getattr(error, "strerror", None) or error
        return f"cannot write {str(self.path)!r}: {reason}", "choose a file that this user may write"

    def _append(self, data: bytes) -> None:
        with self._open() as descriptor, exclusive(descriptor):
            before = os.fstat(descriptor)
            is_file = stat.S_ISREG(before.st_mode)
            if is_file and _ends_in_torn_line(descriptor, before.st_size):
                data = b"\n" + data
            written = 0
            try:
                while written < len(data):
                    written += os.write(descriptor, memoryview(data)[written:])
            except OSError:
                # A full disk, say. Take the part back, unless somebody wrote behind it without the lock.
                if is_file and os.fstat(descriptor).st_size == before.st_size + written:
                    os.ftruncate(descriptor, before.st_size)
                raise

    @contextlib.contextmanager
    def _open(self) -> Iterator[int]:
        try:
            descriptor = os.open(self.path, os.O_RDWR | APPEND | BINARY, OWNER_ONLY)
        except PermissionError:  # a file that may be written, but not read
            descriptor = os.open(self.path, os.O_WRONLY | APPEND | BINARY, OWNER_ONLY)
        self._descriptor = descriptor
        try:
            yield descriptor
        finally:
            self._descriptor = None
            os.close(descriptor)


def read_events(path: str | os.PathLike[str], *, strict: bool = True) -> Iterator[Event]:
    """Read back the events that a ``JsonlExporter`` wrote, one at a time.

    Empty lines are passed over, and so is a last line without a line end that is no event: another
    process may be writing it at this moment, or was killed while it did.

    Args:
        path: the file; ``~`` is the home folder.
        strict: whether any other line that is no event raises; else it is passed over.

    Raises:
        OSError: the file cannot be read.
        ValueError: a line is no event of this version; the message names the file and the line.
    """
    file_path = Path(path).expanduser()
    with file_path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.isspace():
                continue
            try:
                yield Event.from_json(line)
            except ValueError as error:
                if strict and line.endswith(b"\n"):
                    raise ValueError(f"{file_path}, line {number}: {error}") from error


def _ends_in_torn_line(descriptor: int, size: int) -> bool:
    """Whether the last line has no end. False where the file may not be read: then nobody knows."""
    if size == 0:
        return False
    try:
        os.lseek(descriptor, size - 1, os.SEEK_SET)
        return os.read(descriptor, 1) != b"\n"
    except OSError:
        return False
