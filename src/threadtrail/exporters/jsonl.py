"""The exporter ``jsonl``: appends every event to a file, as one line of JSON.

Any number of processes can write to the file, and it can be rotated (renamed or truncated) or removed at any
time: it is opened for each batch, so that no descriptor outlives a rename or a fork.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from threadtrail.errors import CheckError, ConfigurationError
from threadtrail.exporters.each_event import each
from threadtrail.exporters.file_lock import exclusive
from threadtrail.hookspecs import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from threadtrail.events import AnyEvent, Event

__all__ = ["JsonlExporter", "read_events"]

OWNER_ONLY = 0o600
APPEND = os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
BINARY = getattr(os, "O_BINARY", 0)  # Windows would write \r\n
MAX_ROTATIONS = 100
"""The maximum number of attempts to write a batch while the file is removed or renamed."""

NOT_SYNCED = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EROFS})


class JsonlExporter:
    """Appends every event to a file, one line of JSON each; ``read_events`` reads them back.

    Lines are always whole: a batch is written under the file's lock, and an incomplete line of a process
    that was killed is ended before the next one. The lines of one process are in the order of its events;
    those of several processes are mixed batch by batch.

    Args:
        path: the file; ``~`` is the home folder, a relative path starts from the folder in which the
            exporter was made. Only its owner can read a new file (mode 0600); an existing file keeps its
            mode. The folder must exist.
    """

    def __init__(self, path: str | os.PathLike[str] = "threadtrail.jsonl") -> None:
        self._given = os.fspath(path)
        try:
            self.path: Path = Path(path).expanduser().absolute()
        except RuntimeError as error:
            problem = f"{error}; write the whole path out"
            raise ConfigurationError(problem, option="path", value=self._given) from error
        self._descriptor: int | None = None

    @hookimpl
    def start(self) -> None:
        """Check that the file can be written, and create it if it does not exist.

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
    def destination(self) -> str:
        """Return the path of the file."""
        return str(self.path)

    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        """Append the batch.

        Raises:
            EventsLostError: some events cannot be written as JSON, such as values that are nested hundreds
                of levels deep; the others were written.
            OSError: the batch could not be written; no part of it is in the file, which the error names.
        """
        lines, lost = each(events, _line)
        if lines:
            with self._named():
                self._append(b"".join(lines))
        if lost is not None:
            raise lost

    @hookimpl
    def flush(self) -> None:
        """Write the file to the disk (fsync), so that a crash of the machine loses nothing.

        Each batch is given to the operating system at once, so a crash of the process loses none of it.
        """
        if not self.path.exists():
            return
        with self._named(), self._open() as descriptor:
            try:
                os.fsync(descriptor)
            except OSError as error:
                if error.errno not in NOT_SYNCED:  # a pipe or a device, for example, cannot be synced
                    raise

    @hookimpl
    def shutdown(self) -> None:
        """Flush; nothing needs to be closed."""
        self.flush()

    @hookimpl
    def after_fork(self) -> None:
        """Close the child's copy of the descriptor, if the parent was writing during the fork."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    @hookimpl
    def check(self) -> str:
        """Return which file is written, and its size.

        Raises:
            CheckError: the file cannot be written.
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

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Name the file in errors of the system: those of a write do not, such as that the disk is full."""
        try:
            yield
        except OSError as error:
            if error.errno is not None and error.filename is None:
                error.filename = str(self.path)
            raise

    def _trouble(self, error: OSError | ValueError) -> tuple[str, str]:
        """Return why the file cannot be written, and the advice."""
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            return f"there is no folder {str(self.path.parent)!r}", "create it, or choose another path"
        reason = getattr(error, "strerror", None) or error
        return f"cannot write {str(self.path)!r}: {reason}", "choose a file that this user may write"

    def _append(self, data: bytes) -> None:
        """Append to the file that has this path, and make sure that the file keeps it.

        ``logrotate`` may rename, compress and remove the file in the meantime. Then no file has what was just
        written.
        """
        for _ in range(MAX_ROTATIONS):
            with self._open() as descriptor, exclusive(descriptor):
                if self._is_current(descriptor):
                    _write(descriptor, data)
                    if os.fstat(descriptor).st_nlink > 0:
                        return
        raise FileNotFoundError(errno.ENOENT, "the file is removed again and again", str(self.path))

    def _is_current(self, descriptor: int) -> bool:
        """Return whether this file still has the path: that may change while waiting for its lock."""
        opened = os.fstat(descriptor)
        try:
            return os.path.samestat(opened, self.path.stat())
        except FileNotFoundError:
            return False

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


def _line(event: Event) -> bytes:
    return event.to_json().encode() + b"\n"


def read_events(path: str | os.PathLike[str], *, strict: bool = True) -> Iterator[AnyEvent]:
    """Read the events that a ``JsonlExporter`` wrote, one at a time.

    Empty lines are skipped, and so is an incomplete last line: another process may be writing it, or was
    killed while it did.

    Args:
        path: the file; ``~`` is the home folder.
        strict: whether any other line that is not an event raises; otherwise it is skipped.

    Raises:
        OSError: the file cannot be read.
        ValueError: a line is not an event of this version; the message names the file and the line.
    """
    from threadtrail import _json  # noqa: PLC0415 - it loads pydantic, which writing does with the first event

    file_path = Path(path).expanduser()
    with file_path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.isspace():
                continue
            try:
                yield _json.load(line)
            except ValueError as error:
                if strict and line.endswith(b"\n"):
                    raise ValueError(f"{file_path}, line {number}: {error}") from error


def _write(descriptor: int, data: bytes) -> None:
    """Append the data; if that fails, leave no part of it."""
    before = os.fstat(descriptor)
    is_file = stat.S_ISREG(before.st_mode)
    if is_file and _ends_in_torn_line(descriptor, before.st_size):
        data = b"\n" + data
    written = 0
    try:
        while written < len(data):
            written += os.write(descriptor, memoryview(data)[written:])
    except OSError:
        # For example, the disk is full. Remove the part, unless another process, which does not
        # use the lock, has written after it.
        if is_file and os.fstat(descriptor).st_size == before.st_size + written:
            os.ftruncate(descriptor, before.st_size)
        raise


def _ends_in_torn_line(descriptor: int, size: int) -> bool:
    """Return whether the last line has no line end; False if the file cannot be read."""
    if size == 0:
        return False
    try:
        os.lseek(descriptor, size - 1, os.SEEK_SET)
        return os.read(descriptor, 1) != b"\n"
    except OSError:
        return False
