"""The state of a collector of files: what of each file was delivered to which exporters, and the runs in it.

It is kept in a file with a line for each batch, so that the end of the process, at any moment, damages at
most the line that is being written; what that line notes is done again. The first line sums up all that was
noted before; now and then the file is replaced by one that has only such a line.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadtrail.errors import ConfigurationError
from threadtrail.recording.bounded import Bounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MARKS = 100_000
"""The maximum number of exported runs, turns and traces that are noted."""

MAX_BYTES = 4_194_304
"""How many bytes may be appended before the file is replaced: 4 MiB, or the size of a longer first line."""

OWNER_ONLY = 0o600
APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)

Span = tuple[int, int]
"""The offsets in bytes at which a line begins and ends in its file."""

Known = dict[str, Any]
"""The state of one file: its ``path``, its ``head`` (a hash of its beginning), and the spans ``done``."""


class State:
    """The state, which one collector at a time uses.

    Args:
        path: the file.
    """

    def __init__(self, path: str) -> None:
        self.path: Path = Path(path).expanduser()
        self.files: dict[str, Known] = {}
        self.exporters: list[str] = []
        self._marks: Bounded[str, tuple[str, str]] = Bounded(MARKS)
        self._lock: int | None = None
        self._descriptor: int | None = None
        self._unwritten: list[bytes] = []
        self._first = self._appended = 0

    @property
    def given_up(self) -> Path:
        """The file beside it that gets the lines that were given up."""
        return self.path.with_name(f"{self.path.name}.given-up.jsonl")

    def open(self) -> None:
        """Read it.

        Raises:
            ConfigurationError: it cannot be read or written, or another collector uses it.
        """
        try:
            self._lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT, OWNER_ONLY)
            _lock(self._lock)
            for line in self.path.read_bytes().splitlines() if self.path.exists() else ():
                self._add(line)
            self.replace(self.files)
        except BlockingIOError as error:
            problem = f"another collector is using {str(self.path)!r}"
            raise ConfigurationError(f"{problem}; name another file: --option state=FILE") from error
        except OSError as error:
            problem = f"cannot use {str(self.path)!r}, which notes what was delivered"
            raise ConfigurationError(f"{problem}: {error.strerror or error}") from error
        except (ValueError, AttributeError, TypeError, KeyError) as error:
            problem = f"{str(self.path)!r} is not the state of a collector"
            raise ConfigurationError(f"{problem}; name another file: --option state=FILE") from error

    def _add(self, line: bytes) -> None:
        """Add what a line notes; a line that was not written completely is skipped.

        Raises:
            ValueError: the first line is no note, so that the file is not the state of a collector.
        """
        try:
            noted = json.loads(line)
        except (ValueError, RecursionError) as error:
            if not self._first:
                raise ValueError("the first line is damaged") from error
            return
        if not self._first and not (noted and noted.keys() <= {"files", "published", "exporters"}):
            raise ValueError("the first line notes something else, such as an event")
        self._first = self._first or len(line)
        for name, known in {**noted.get("files", {})}.items():
            before = self.files.get(name, {}).get("done", ())
            done = known["done"] if "done" in known else [*before, *known["more"]]
            spans = joined((begin, end) for begin, end in done)
            self.files[name] = {"path": known["path"], "head": known["head"], "done": spans}
        for name, mark in {**noted.get("published", {})}.items():
            self._marks.put(name, (name, str(mark)))
        self.exporters = [*map(str, noted.get("exporters", self.exporters))]

    def note(self, files: Mapping[str, Known]) -> None:
        """Note what was delivered; the note is on the disk when this returns.

        Args:
            files: for each, its ``path``, its ``head``, and either ``more`` spans or all that are ``done``.

        Raises:
            OSError: the note cannot be written; it is written with the next one.
        """
        self._append({"files": files, "exporters": self.exporters})
        if self._descriptor is not None:
            os.fsync(self._descriptor)

    def put(self, marks: Mapping[str, str]) -> None:
        """Note which runs were exported."""
        for name, mark in marks.items():
            self._marks.put(name, (name, mark))
        if marks:
            self._append({"published": dict(marks)})

    def get(self, names: Sequence[str]) -> Mapping[str, str]:
        """Return the marks of those runs that were exported."""
        return dict(found for name in names if (found := self._marks.peek(name)) is not None)

    def _append(self, noted: Mapping[str, Any]) -> None:
        self._unwritten.append(json.dumps(noted).encode() + b"\n")
        if self._descriptor is None:
            self._descriptor = os.open(self.path, APPEND, OWNER_ONLY)
        data = b"".join(self._unwritten)
        written = os.write(self._descriptor, data)
        if written < len(data):  # such as on a full disk; the unfinished line is skipped when it is read
            self._unwritten.insert(0, b"\n")
            raise OSError(f"cannot write {str(self.path)!r} completely")
        self._unwritten = []
        self._appended += written

    @property
    def is_long(self) -> bool:
        """Whether enough was appended to replace the file by a shorter one."""
        return self._appended > max(MAX_BYTES, self._first)

    def replace(self, files: Mapping[str, Known]) -> None:
        """Replace the file atomically by one that has a single line: these files, and the marks."""
        self._close_file()
        noted = {"files": files, "published": dict(self._marks.values()), "exporters": self.exporters}
        line = json.dumps(noted).encode() + b"\n"
        temporary = self.path.with_name(f"{self.path.name}.new")
        with open(temporary, "wb", opener=owner_only) as stream:
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(self.path)
        self._first, self._appended, self._unwritten = len(line), 0, []

    def close(self) -> None:
        """Release the file, so that another collector can use it."""
        self._close_file()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _close_file(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def joined(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order, with those that touch or overlap joined into one."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return found


def owner_only(path: str, flags: int) -> int:
    """Open a file; only its owner may read a new one."""
    return os.open(path, flags, OWNER_ONLY)


def _lock(descriptor: int) -> None:
    """Take the lock; raise BlockingIOError if another process has it. On Windows nothing is locked."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
