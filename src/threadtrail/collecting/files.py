"""Files of events as a place to collect from: those that the exporter ``jsonl`` of several processes writes.

What was delivered is noted in a state file, so that the next collector continues where this one stopped. A
file is known by its device and inode, so it may be renamed in the meantime; a truncated file is read again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import time
from bisect import bisect_right
from dataclasses import dataclass, field
from glob import escape, glob
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from threadtrail.collecting.place import Entry
from threadtrail.collecting.state import Span, State, joined, owner_only

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from threadtrail.collecting.state import Known

STATE = "threadtrail-collected.json"
HEAD_BYTES = 256
LOOK_SECONDS = 0.2
"""The pause between looks for new lines."""

BATCH_LINES = 1_000
MAX_LINE_BYTES = 67_108_864
"""The maximum size of a line: 64 MiB. A longer one is given up."""


@dataclass(frozen=True, slots=True)
class Token:
    """A line of a file; ``truncated`` is how often the file had been truncated when the line was read."""

    file: str
    span: Span
    truncated: int


@dataclass(slots=True)
class _File:
    """A file that is read: ``position`` is how far, ``done`` are the spans that were acknowledged.

    ``more`` are those of them that are not in the state file yet. ``is_new`` says that the state file has
    nothing of this file, or only what it held before it was truncated.
    """

    path: Path
    stream: BinaryIO | None = None
    position: int = 0
    done: list[Span] = field(default_factory=list)
    more: list[Span] = field(default_factory=list)
    is_new: bool = True
    truncated: int = 0

    def acknowledge(self, spans: Iterable[Span]) -> None:
        """Note that lines were delivered."""
        spans = list(spans)
        self.more = joined([*self.more, *spans])
        self.done = joined([*self.done, *spans])

    def begin_again(self) -> None:
        """Forget what was read, since the file was truncated."""
        self.position, self.done, self.more, self.is_new = 0, [], [], True
        self.truncated += 1

    def noted(self) -> Known:
        """Return what the state file does not have yet; the caller writes it."""
        spans = {"done": self.done} if self.is_new else {"more": self.more}
        self.more, self.is_new = [], False
        return {"path": str(self.path), "head": self.head, **spans}

    @property
    def size(self) -> int:
        """The present size in bytes."""
        with contextlib.suppress(OSError):
            return os.fstat(self.stream.fileno()).st_size if self.stream else self.path.stat().st_size
        return 0

    @property
    def head(self) -> str:
        """A hash of its beginning, since the inode of a removed file may be given to another file."""
        end = min(HEAD_BYTES, self.done[-1][1]) if self.done else 0
        with contextlib.suppress(OSError), self.path.open("rb") as stream:
            return f"{end}:{hashlib.sha256(stream.read(end)).hexdigest()}"
        return ""

    def is_done(self, span: Span) -> bool:
        """Return whether a line was delivered before."""
        place = bisect_right(self.done, (span[0], sys.maxsize)) - 1
        return place >= 0 and span[1] <= self.done[place][1]


class FilesPlace:
    """Lines of files, which one collector reads.

    Args:
        patterns: the files: names, or patterns such as ``logs/*.jsonl``; new files are found while it reads.
        state: the state file, which notes what was delivered.
    """

    def __init__(self, patterns: Sequence[str], *, state: str = STATE) -> None:
        self._patterns = [str(Path(pattern).expanduser()) for pattern in patterns]
        self._state = State(state)
        self.marks: State = self._state
        self._files: dict[str, _File] = {}
        self._given_up = 0
        self._read_all = False

    def open(self) -> None:
        """Read the state file.

        Raises:
            ConfigurationError: the state file cannot be read or written, or another collector uses it.
        """
        self._state.open()

    def begin_for(self, exporters: Collection[str]) -> list[str]:
        """Set which exporters get what is read; return those that did not get what was delivered before."""
        former, self._state.exporters = self._state.exporters, sorted(exporters)
        return sorted({*exporters}.difference(former)) if former else []

    def read(self, timeout: float) -> Sequence[Entry]:
        """Return the next lines; wait for some for at most ``timeout`` seconds."""
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
        """Add new files, and close those that are gone and were read to the end."""
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
                file.begin_again()
            file.path = path
        for name in [name for name in self._files if name not in found]:
            file = self._files[name]
            if file.size <= file.position:
                self._close(self._files.pop(name))

    def _opened(self, name: str, path: Path) -> _File:
        known = self._state.files.get(name, {})
        file = _File(path, done=[*known.get("done", ())], is_new=not known)
        if known and known["head"] != file.head:
            file.begin_again()
        file.position = file.done[0][1] if file.done and file.done[0][0] == 0 else 0
        return file

    def paths(self) -> list[Path]:
        """Return the files that exist now."""
        own = {self._state.path.absolute(), self._state.given_up.absolute()}
        patterns = map(_of_folder, self._patterns)
        found = (name for pattern in patterns for name in sorted(glob(pattern, recursive=True)))  # noqa: PTH207 - a pattern may be absolute
        paths = map(Path, dict.fromkeys(found))
        return [path for path in paths if path.absolute() not in own and not path.is_dir()]

    def is_at(self, address: str) -> bool:
        """Return whether an address is one of these files."""
        path = Path(address).resolve()
        return any(path == each.resolve() for each in self.paths())

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
                yield Entry(token=Token(name, span, file.truncated), line=line)

    def acknowledge(self, tokens: Sequence[Any]) -> None:
        """Note that lines were delivered."""
        spans: dict[str, list[Span]] = {}
        for token in tokens:
            file = self._files.get(token.file)
            if file is not None and file.truncated == token.truncated:  # else the file holds other lines now
                spans.setdefault(token.file, []).append(token.span)
        for name, of_file in spans.items():
            self._files[name].acknowledge(of_file)
        self._note(spans)

    def give_up(self, entries: Sequence[Entry], reason: str) -> None:  # noqa: ARG002 - the collector logs it
        """Append lines to a file beside the state file, for somebody to look at; never read them again."""
        with open(self._state.given_up, "ab", opener=owner_only) as file:
            file.writelines(entry.line for entry in entries)
        self._given_up += len(entries)
        self.acknowledge([entry.token for entry in entries])

    def lost(self) -> Collection[str]:
        """Return nothing: no other collector reads these files."""
        return ()

    @property
    def is_read_to_its_end(self) -> bool:
        """Whether the last read found no new line."""
        return self._read_all

    def status(self) -> Mapping[str, Any]:
        """Return the number of files, how many of their bytes were not read, and the state file."""
        unread = sum(max(0, file.size - file.position) for file in list(self._files.values()))
        return {
            "name": ", ".join(self._patterns),
            "files": len(self._files),
            "unread_bytes": unread,
            "given_up": self._given_up,
            "state": str(self._state.path),
        }

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            self._close(file)
        self._state.close()

    @staticmethod
    def _close(file: _File) -> None:
        if file.stream is not None:
            file.stream.close()
            file.stream = None

    def _note(self, names: Iterable[str]) -> None:
        """Note what was delivered of these files."""
        files = {name: self._files[name].noted() for name in names if name in self._files}
        if files:
            self._state.note(files)
        if self._state.is_long:
            self._state.replace({name: known for name, known in self._all_known() if known["done"]})

    def _all_known(self) -> Iterator[tuple[str, Known]]:
        """Yield what is known of each file that is there."""
        for name, known in self._state.files.items():
            if name not in self._files and _name_of(Path(known["path"])) == name:
                yield name, known
        for name, file in self._files.items():
            yield name, {"path": str(file.path), "head": file.head, "done": file.done}


def _name_of(path: Path) -> str | None:
    """Return the device and the inode of a file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return f"{status.st_dev}:{status.st_ino}"


def _of_folder(pattern: str) -> str:
    """Return the pattern for the recordings in a folder; any other pattern as it is."""
    path = Path(pattern).expanduser()
    return f"{escape(str(path))}/*.jsonl" if path.is_dir() else str(path)
