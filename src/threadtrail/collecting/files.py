"""Files of events as a place to collect from: what the exporter ``jsonl`` of several processes writes.

A position per file is kept in a state file, so that the next collector goes on where this one stopped. A file
is known by its device and inode, so it may be renamed meanwhile; one that was truncated is read anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from threadtrail.collecting.place import Entry
from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

STATE = "threadtrail-collected.json"
GIVEN_UP = ".given-up.jsonl"
"""How the file's name ends, after that of the state, to which lines go that were given up."""

HEAD_BYTES = 256
LOOK_SECONDS = 0.2
"""How often it is looked for new lines."""

BATCH_LINES = 1_000
MAX_LINE_BYTES = 67_108_864
"""The maximum size of a line: 64 MiB. A longer one is given up."""

Span = tuple[int, int]
"""Where a line begins and ends in its file, in bytes."""


@dataclass(frozen=True, slots=True)
class Token:
    """A line of a file."""

    file: str
    span: Span


@dataclass(slots=True)
class _File:
    """A file that is read: ``position`` is up to where, ``done`` the spans that were acknowledged."""

    path: Path
    stream: BinaryIO | None = None
    position: int = 0
    done: list[Span] = field(default_factory=list)

    def acknowledge(self, spans: Iterable[Span]) -> None:
        """Note that lines were delivered; spans that touch are one."""
        self.done = _joined([*self.done, *spans])

    @property
    def size(self) -> int:
        """How many bytes it has now."""
        with contextlib.suppress(OSError):
            return os.fstat(self.stream.fileno()).st_size if self.stream else self.path.stat().st_size
        return 0

    @property
    def head(self) -> str:
        """How it begins: a system gives the inode of a file that was removed to another one."""
        end = min(HEAD_BYTES, self.done[-1][1]) if self.done else 0
        with contextlib.suppress(OSError), self.path.open("rb") as stream:
            return f"{end}:{hashlib.sha256(stream.read(end)).hexdigest()}"
        return ""

    def is_done(self, span: Span) -> bool:
        """Whether a line was delivered before."""
        return any(begin <= span[0] and span[1] <= end for begin, end in self.done)


class FilesPlace:
    """Lines of files, which one collector reads.

    Args:
        patterns: the files: names, or patterns such as ``logs/*.jsonl``; new files are found while it reads.
        state: the file in which it is noted what was delivered.
    """

    def __init__(self, patterns: Sequence[str], *, state: str = STATE) -> None:
        self._patterns = [str(Path(pattern).expanduser()) for pattern in patterns]
        self._state = Path(state).expanduser()
        self._files: dict[str, _File] = {}
        self._known: dict[str, Any] = {}
        self._given_up = 0
        self._read_all = False
        self._lock: int | None = None

    def open(self) -> None:
        """Read the state.

        Raises:
            ConfigurationError: it cannot be read or written, or another collector uses it.
        """
        try:
            self._lock = os.open(f"{self._state}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            _lock(self._lock)
            text = self._state.read_text(encoding="utf-8") if self._state.exists() else "{}"
            self._known = {**json.loads(text).get("files", {})}
        except BlockingIOError as error:
            problem = f"another collector is at work with {str(self._state)!r}"
            raise ConfigurationError(f"{problem}; name another file: --option state=FILE") from error
        except OSError as error:
            problem = f"cannot use {str(self._state)!r}, where it is noted what was delivered"
            raise ConfigurationError(f"{problem}: {error.strerror or error}") from error
        except (ValueError, AttributeError, TypeError) as error:
            problem = f"{str(self._state)!r} is not the state of a collector"
            raise ConfigurationError(f"{problem}; name another file: --option state=FILE") from error

    def read(self, timeout: float) -> Sequence[Entry]:
        """Return the next lines; look again until ``timeout`` seconds have passed."""
        deadline = time.monotonic() + timeout
        while True:
            self._find()
            entries: list[Entry] = []
            for name, file in self._files.items():
                entries += self._lines(name, file, BATCH_LINES - len(entries))
            left = deadline - time.monotonic()
            self._read_all = not entries
            if entries or left <= 0:
                return entries
            time.sleep(min(LOOK_SECONDS, left))

    def _find(self) -> None:
        """Open files that are new, and close those that are gone and were read to their end."""
        found: set[str] = set()
        for path in self.paths():
            try:
                status = path.stat()
            except OSError:
                continue
            name = f"{status.st_dev}:{status.st_ino}"
            found.add(name)
            file = self._files.get(name)
            if file is None:
                file = self._files[name] = self._opened(name, path)
            if status.st_size < file.position or (file.done and status.st_size < file.done[-1][1]):
                file.position, file.done = 0, []  # truncated: what it holds is new
            file.path = path
        for name in [name for name in self._files if name not in found]:
            file = self._files[name]
            if file.size <= file.position:
                self._close(self._files.pop(name))

    def _opened(self, name: str, path: Path) -> _File:
        known = self._known.get(name, {})
        file = _File(path, done=[(begin, end) for begin, end in known.get("done", [])])
        if known.get("head") != file.head:
            file.done = []
        file.position = file.done[0][1] if file.done and file.done[0][0] == 0 else 0
        return file

    def paths(self) -> list[Path]:
        """Return the files that there are now."""
        own = {self._state, self._given_up_file}
        found = (name for pattern in self._patterns for name in sorted(glob(pattern, recursive=True)))  # noqa: PTH207 - a pattern may be absolute
        paths = map(Path, dict.fromkeys(found))
        return [path for path in paths if path not in own and not path.is_dir()]

    @property
    def _given_up_file(self) -> Path:
        return self._state.with_name(self._state.name + GIVEN_UP)

    def _lines(self, name: str, file: _File, limit: int) -> Iterator[Entry]:
        with contextlib.suppress(FileNotFoundError):
            if file.stream is None:
                file.stream = file.path.open("rb")
        while limit > 0 and file.stream is not None:
            file.stream.seek(file.position)
            line = file.stream.readline(MAX_LINE_BYTES)
            if not line.endswith(b"\n") and len(line) < MAX_LINE_BYTES:
                return  # nothing more, or a line that is being written
            span = file.position, file.position + len(line)
            file.position = span[1]
            if line.isspace():
                file.acknowledge([span])
            elif not file.is_done(span):
                limit -= 1
                yield Entry(token=Token(name, span), line=line)

    def acknowledge(self, tokens: Sequence[Any]) -> None:
        """Note that lines were delivered."""
        spans: dict[str, list[Span]] = {}
        for token in tokens:
            spans.setdefault(token.file, []).append(token.span)
        for name, of_file in spans.items():
            if name in self._files:
                self._files[name].acknowledge(of_file)
        self._save()

    def give_up(self, entries: Sequence[Entry], reason: str) -> None:  # noqa: ARG002 - the collector logs it
        """Append lines to a file beside the state, for somebody to look at, and read them no more."""
        with self._given_up_file.open("ab") as file:
            file.writelines(entry.line for entry in entries)
        self._given_up += len(entries)
        self.acknowledge([entry.token for entry in entries])

    def lost(self) -> Collection[str]:
        """Return nothing: no other collector reads these files."""
        return ()

    @property
    def is_read_to_its_end(self) -> bool:
        """Whether the last look found no new line."""
        return self._read_all

    def status(self) -> Mapping[str, Any]:
        """Return how many files there are, and how many bytes of them were not read."""
        unread = sum(max(0, file.size - file.position) for file in list(self._files.values()))
        return {
            "name": ", ".join(self._patterns),
            "files": len(self._files),
            "unread_bytes": unread,
            "given_up": self._given_up,
            "state": str(self._state),
        }

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            self._close(file)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @staticmethod
    def _close(file: _File) -> None:
        if file.stream is not None:
            file.stream.close()
            file.stream = None

    def _save(self) -> None:
        """Write the state, whole or not at all."""
        files = {
            name: {"path": str(file.path), "head": file.head, "done": file.done}
            for name, file in self._files.items()
            if file.done
        }
        temporary = self._state.with_name(f"{self._state.name}.new")
        with temporary.open("w", encoding="utf-8") as stream:
            json.dump({"files": files}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(self._state)


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((begin, end))
    return joined


def _lock(descriptor: int) -> None:
    """Take the lock; raise BlockingIOError if another process has it. Windows has no such lock here."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
