"""Reads files of events that grow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from threadtrail.errors import ConfigurationError
from threadtrail.recordings.compression import compressed_by
from threadtrail.recordings.reading import Unread, cannot_read

if TYPE_CHECKING:
    import os

    from threadtrail.events import AnyEvent


class GrowingRecording:
    """The events of some files so far; ``read_more`` adds those that were written since.

    An incomplete last line is left for the next time. A file that was renamed or truncated, as by
    ``logrotate``, is read from its beginning; its former events stay.
    """

    def __init__(self, *paths: str | os.PathLike[str]) -> None:
        """Read nothing yet.

        Raises:
            ConfigurationError: there is no such file, it cannot be read, or it is compressed.
        """
        self.events: list[AnyEvent] = []
        self._files = [_GrowingFile(Path(path).expanduser()) for path in paths]
        for file in self._files:
            file.check()

    @property
    def problems(self) -> tuple[str, ...]:
        """The parts that could not be read, one sentence per kind and file."""
        return tuple(problem for file in self._files for problem in file.unread.problems())

    def read_more(self) -> bool:
        """Read what was written since; return whether there was anything.

        Raises:
            ConfigurationError: at the first time, a file holds text and not one event.
        """
        more = [file.read_more() for file in self._files]
        self.events += [event for events, _ in more for event in events]
        return any(read for _, read in more)


class _GrowingFile:
    def __init__(self, path: Path) -> None:
        self.unread = Unread(path)
        self._path = path
        self._which: tuple[int, int] | None = None
        self._offset = 0
        self._lines = 0

    def check(self) -> None:
        try:
            self._path.open("rb").close()
        except OSError as error:
            raise cannot_read(self._path, error) from error
        if program := compressed_by(self._path):
            problem = f"{str(self._path)!r} was compressed with {program}, so that nothing is added to it"
            raise ConfigurationError(f"{problem}; leave out --serve")

    def read_more(self) -> tuple[list[AnyEvent], bool]:
        """Return the events that were written since, and whether there was any line."""
        first = self._which is None
        lines = self._new_lines()
        events: list[AnyEvent] = []
        for line in lines:
            self._lines += 1
            event = self.unread.event(self._lines, line)
            if event is not None:
                events.append(event)
        if first:
            self.unread.check(events)
        return events, bool(lines)

    def _new_lines(self) -> list[bytes]:
        try:
            with self._path.open("rb") as file:
                status = self._path.stat()
                which = (status.st_dev, status.st_ino)
                if which != self._which or status.st_size < self._offset:
                    self._which, self._offset, self._lines = which, 0, 0
                file.seek(self._offset)
                whole, line_end, _ = file.read().rpartition(b"\n")
        except OSError:  # it is being replaced
            return []
        self._offset += len(whole) + len(line_end)
        return (whole + line_end).splitlines(keepends=True) if line_end else []
