"""The progress of replays to a destination, kept in a file so that an interrupted replay can continue."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from threadtrail.errors import ConfigurationError
from threadtrail.exporters.file_lock import exclusive

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from threadtrail.recordings.groups import Group

ENDING = ".replayed"
OWNER_ONLY = 0o600
READ_AND_APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)


class Progress:
    """The groups that were delivered to a destination, by name, with the size that each had then.

    The file is beside the recording and has a line for each batch that was delivered; it holds no content and
    no secrets. A line that was not written completely is skipped.

    Args:
        paths: the files to read; what is delivered is noted in the first one.
        exporter: the name of the exporter.
        destination: where it sends to.
    """

    def __init__(self, paths: Sequence[Path], exporter: str, destination: str) -> None:
        self._paths = tuple(paths)
        self._to = {"exporter": exporter, "destination": destination}
        self._descriptor: int | None = None
        self._torn = False
        self._delivered: dict[str, int] = {}
        self._postponed: set[str] = set()
        self.latest: str | None = None

    @classmethod
    def beside(cls, recordings: Sequence[Path], exporter: str, destination: str) -> Progress:
        """Return the progress that is kept in files beside these recordings; it is not read yet."""
        return cls([path.with_name(path.name + ENDING) for path in recordings], exporter, destination)

    def read(self) -> None:
        """Read what was delivered so far.

        Raises:
            ConfigurationError: a file is there and cannot be read, or is something else.
        """
        self._delivered, self._postponed, self.latest = {}, set(), None
        for path in self._paths:
            try:
                text = path.read_bytes() if path.exists() else b""
            except OSError as error:
                raise self._trouble("read", path, error) from error
            entries = [entry for line in text.splitlines() if (entry := _entry(line)) is not None]
            if b"\n" in text and not entries:  # which would get lines of a replay, such as a recording
                problem = f"{str(path)!r} does not note what was delivered"
                raise ConfigurationError(f"{problem}; name another file: --state FILE")
            for entry in entries:
                self._add(entry)
            if path == self._paths[0]:
                self._torn = bool(text) and not text.endswith(b"\n")

    def has(self, group: Group) -> bool:
        """Return whether a group was delivered with all of its events."""
        return self._delivered.get(group.name, 0) >= group.size

    def knows(self, group: Group) -> bool:
        """Return whether a group was delivered, perhaps without some of its events."""
        return group.name in self._delivered

    def postponed(self, group: Group) -> bool:
        """Return whether the last attempt to deliver a group failed, so that others are sent first."""
        return group.name in self._postponed

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the file's lock, so that two replays do not send the same; read it again first.

        Raises:
            ConfigurationError: the file cannot be written.
        """
        path = self._paths[0]
        try:
            descriptor = os.open(path, READ_AND_APPEND, OWNER_ONLY)
        except OSError as error:
            raise self._trouble("write", path, error) from error
        try:
            with exclusive(descriptor):
                self._descriptor = descriptor
                self.read()
                if self._torn:
                    os.write(descriptor, b"\n")
                yield
        finally:
            self._descriptor = None
            os.close(descriptor)

    def confirm(self, groups: Iterable[Group]) -> None:
        """Note that groups were delivered; the note is on the disk when this returns.

        Raises:
            ConfigurationError: the file cannot be written; ``postpone`` and ``forget`` raise it too.
        """
        delivered = {group.name: group.size for group in groups}
        if delivered:
            self._note_delivered(delivered)
            self._append({"delivered": delivered})

    def postpone(self, groups: Iterable[Group]) -> None:
        """Note that groups could not be delivered, so that the next replay sends others first."""
        if names := [group.name for group in groups]:
            self._postponed.update(names)
            self._append({"failed": names})

    def forget(self, groups: Iterable[Group]) -> None:
        """Note that groups are to be sent again."""
        if known := [group.name for group in groups if group.name in self._delivered]:
            self._forget(known)
            self._append({"again": known})

    def _note_delivered(self, counts: Mapping[str, int]) -> None:
        for name, count in counts.items():
            self._delivered[name] = max(count, self._delivered.get(name, 0))
            self._postponed.discard(name)

    def _forget(self, names: Iterable[str]) -> None:
        for name in names:
            self._delivered.pop(name, None)

    def _append(self, entry: dict[str, Any]) -> None:
        if self._descriptor is None:
            raise RuntimeError("the file is not open")
        at = datetime.now(UTC).isoformat(timespec="seconds")
        line = json.dumps({**self._to, "at": at, **entry}).encode() + b"\n"
        try:
            os.write(self._descriptor, line)
            os.fsync(self._descriptor)
        except OSError as error:  # such as a full disk
            raise self._trouble("write", self._paths[0], error) from error

    def _add(self, entry: Mapping[str, Any]) -> None:
        """Add what a line notes, if it is of this destination."""
        if any(entry.get(key) != value for key, value in self._to.items()):
            return
        self._forget(_names(entry.get("again")))
        self._postponed.update(_names(entry.get("failed")))
        if delivered := _counts(entry.get("delivered")):
            self._note_delivered(delivered)
            self.latest = str(entry.get("at"))

    @staticmethod
    def _trouble(what: str, path: Path, error: OSError) -> ConfigurationError:
        reason = error.strerror or error
        return ConfigurationError(
            f"cannot {what} {str(path)!r}, which notes what was delivered: {reason}; "
            "name another file: --state FILE"
        )


def _entry(line: bytes) -> dict[str, Any] | None:
    """Return what a line notes; ``None`` if it is damaged: what it noted is sent again."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) and {"exporter", "destination"} <= entry.keys() else None


def _names(value: object) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _counts(value: object) -> dict[str, int]:
    counts = value.items() if isinstance(value, dict) else ()
    return {name: count for name, count in counts if isinstance(count, int)}
