"""Reads files of events; lines that are incomplete, of another version or not events are skipped."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic_core import from_json

from threadtrail import _json
from threadtrail._text import escaped
from threadtrail.errors import ConfigurationError
from threadtrail.events import EVENT_CLASSES, AnyEvent
from threadtrail.recordings.compression import compressed_by, opened

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

NAMES = frozenset(event_class.__name__ for event_class in EVENT_CLASSES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The events of some files, in the order of the files.

    ``problems`` are the parts that could not be read, one sentence per kind and file; empty if all was read.
    """

    events: tuple[AnyEvent, ...]
    problems: tuple[str, ...] = ()


def read_recording(*paths: str | os.PathLike[str]) -> Recording:
    """Read all readable events of some files.

    An incomplete last line is left out: another process may be writing it, or was killed while it did.

    Raises:
        ConfigurationError: a file cannot be read, or holds text and not one event.
    """
    events: list[AnyEvent] = []
    problems: list[str] = []
    for path in paths:
        unread = Unread(Path(path).expanduser())
        of_file = list(_events_of(unread))
        unread.check(of_file)
        events += of_file
        problems += unread.problems()
    return Recording(events=tuple(events), problems=tuple(problems))


@dataclass(slots=True)
class Unread:
    """The lines of a file that could not be read, by reason."""

    path: Path
    torn: int | None = None
    unknown: dict[str, int] = field(default_factory=dict)
    others: list[int] = field(default_factory=list)

    def event(self, number: int, line: bytes) -> AnyEvent | None:
        """Return the event in a line; if there is none, note the reason."""
        if line.isspace():
            return None
        try:
            return _json.load(line)
        except ValueError:
            self._add(number, line)
            return None

    def check(self, events: Sequence[AnyEvent]) -> None:
        """Refuse a file that is not a recording.

        Raises:
            ConfigurationError: it holds text, and not one event was read of it.
        """
        if not events and (self.others or self.unknown):
            problem = f"no line of {str(self.path)!r} is an event of threadtrail"
            if program := compressed_by(self.path):
                raise ConfigurationError(f"{problem}; it was compressed with {program}: unpack it")
            raise ConfigurationError(f"{problem}; name a file that the exporter jsonl wrote")

    def _add(self, number: int, line: bytes) -> None:
        try:
            name = _unknown_name(from_json(line))
        except ValueError:
            name = None
            if not line.endswith(b"\n"):
                self.torn = number
                return
        if name is not None:
            self.unknown[name] = self.unknown.get(name, 0) + 1
        else:
            self.others.append(number)

    def problems(self) -> Iterator[str]:
        """Yield the problems, one sentence per kind."""
        name = escaped(str(self.path))
        if self.torn is not None:
            yield f"{name}, line {self.torn}: the last line is incomplete; it is left out"
        for event_name, count in self.unknown.items():
            what, them = ("event", "it") if count == 1 else ("events", "them")
            kind = f"{count} {what} of the kind {escaped(event_name)!r}"
            yield f"{name}: {kind} left out; this version does not know {them}, a newer one may"
        if self.others:
            what = "line that is not an event" if len(self.others) == 1 else "lines that are not events"
            first = f"the first is line {self.others[0]}"
            yield f"{name}: left out {len(self.others)} {what}; {first}"


def _events_of(unread: Unread) -> Iterator[AnyEvent]:
    try:
        with opened(unread.path) as file:
            for number, line in enumerate(file, start=1):
                event = unread.event(number, line)
                if event is not None:
                    yield event
    except OSError as error:
        raise cannot_read(unread.path, error) from error


def cannot_read(path: Path, error: OSError) -> ConfigurationError:
    """Return the error for a file that cannot be read."""
    return ConfigurationError(f"cannot read {str(path)!r}: {error.strerror or error}")


def _unknown_name(value: object) -> str | None:
    """Return the name of an event that this version does not know; None if the value is not an event."""
    name = value.get("event") if isinstance(value, dict) else None
    return name if isinstance(name, str) and name not in NAMES else None
