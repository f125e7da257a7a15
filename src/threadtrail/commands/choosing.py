"""The arguments of commands that read recordings: the files, and which runs of them to take."""

from __future__ import annotations

import argparse
import gc
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from threadtrail.events import Event
    from threadtrail.recordings.choosing import Choice
    from threadtrail.recordings.reading import Recording

WHEN = "a date, a date and time, or how long ago: 2026-11-28, 2026-11-28T14:30, 2h (s, m, h, d, w)"


def add_files(parser: Any) -> None:
    """Add the positional arguments FILE, one or more recordings."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a recording, a folder of them, or a pattern in quotes"
    )


def add_choice(parser: Any) -> None:
    """Add the options that choose runs."""
    chosen = parser.add_argument_group("which runs", "all of them by default; a run must meet each of these")
    chosen.add_argument(
        "--run",
        action="append",
        dest="run_ids",
        metavar="ID",
        help="the run or turn whose id is this, or begins with it; may be repeated",
    )
    chosen.add_argument("--failed", action="store_true", help="those that failed, and failed requests")
    chosen.add_argument(
        "--status",
        action="append",
        metavar="STATUS",
        help="those that ended with this status: completed, failed, …; may be repeated",
    )
    chosen.add_argument("--since", type=moment_of, metavar="WHEN", help=f"those that began since: {WHEN}")
    chosen.add_argument("--until", type=moment_of, metavar="WHEN", help="those that began before")


@contextmanager
def reading(
    files: Sequence[Path], arranged: Callable[[Iterable[Event]], Sequence[Event]]
) -> Iterator[Sequence[Event]]:
    """Yield the events of the files, as ``arranged`` returns them; print what could not be read.

    The events stay in memory until the block ends, so the garbage collector does not scan them: scanning them
    again and again would take half of the time.

    Raises:
        ConfigurationError: a file cannot be read, or is not a recording.
    """
    from threadtrail.recordings.reading import read_recording  # noqa: PLC0415 - `--help` does without

    collects = gc.isenabled()
    gc.disable()
    try:
        recording = read_recording(*files)
        print_problems(recording)
        events = arranged(recording.events)
        gc.freeze()
        if collects:
            gc.enable()
        yield events
    finally:
        gc.unfreeze()
        if collects:
            gc.enable()


def print_problems(recording: Recording) -> None:
    """Print what could not be read, on standard error."""
    for problem in recording.problems:
        sys.stderr.write(f"threadtrail: {problem}\n")


def choice(options: argparse.Namespace) -> Choice:
    """Return what the options choose."""
    from threadtrail.recordings.choosing import Choice  # noqa: PLC0415 - `--help` does without

    return Choice(
        runs=tuple(options.run_ids or ()),
        since=options.since,
        until=options.until,
        statuses=frozenset(options.status or ()),
        failed=options.failed,
    )


def moment_of(text: str) -> int:
    """Return the moment (Unix nanoseconds) that an argument names; for argparse."""
    from threadtrail.recordings.choosing import moment  # noqa: PLC0415 - `--help` does without

    try:
        return moment(text, time.time())
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is none of these: {WHEN}") from None
