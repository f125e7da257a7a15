"""The subcommand ``status``."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from threadtrail.commands.choosing import WHEN, moment_of
from threadtrail.commands.terminal import print_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from threadtrail.recordings.ledger import OpenRun

DESCRIPTION = """\
List the runs that were created and never seen to end, with their age: background runs above all, which go on
without the process that created them. It reads what processes recorded, and changes nothing there.
"""

EPILOG = """\
examples:
  threadtrail status --from runs.jsonl                     of one recording
  threadtrail status --from 'logs/*.jsonl' --until 10m     of several, those that are older than ten minutes
  threadtrail status --from redis://localhost:6379/0       of what waits to be collected

exit codes: 0  success, even if all runs have ended
            2  usage error, or a place that cannot be read
"""


def add_parser(subcommands: Any) -> None:
    """Add ``status`` to the command line."""
    parser = subcommands.add_parser(
        "status",
        help="list the runs that were created and never seen to end",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--from",
        dest="places",
        action="append",
        required=True,
        metavar="PLACE",
        help="a recording, a folder, a pattern, or an address to collect from; may be repeated",
    )
    parser.add_argument("--until", type=moment_of, metavar="WHEN", help=f"those that began before: {WHEN}")
    parser.add_argument("--json", action="store_true", help="print each run as a line of JSON, for tools")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the runs without an end."""
    from threadtrail.commands.status.reading import read  # noqa: PLC0415 - `--help` does without
    from threadtrail.recordings.ledger import open_runs  # noqa: PLC0415 - as above

    recording = read(options.places)
    for problem in recording.problems:
        sys.stderr.write(f"threadtrail: {problem}\n")
    found = [each for each in open_runs(recording.events) if _began_before(each, options.until)]
    print_lines(_as_json(found) if options.json else _as_table(found, time.time_ns()))
    return 0


def _began_before(run: OpenRun, moment: int | None) -> bool:
    return moment is None or run.created_at < moment


def _as_json(runs: Sequence[OpenRun]) -> Iterator[str]:
    for each in runs:
        yield json.dumps(dataclasses.asdict(each), ensure_ascii=False)


def _as_table(runs: Sequence[OpenRun], now: int) -> Iterator[str]:
    from threadtrail.exporters.console_text import counted, duration, visible  # noqa: PLC0415 - as above

    yield f"{counted(len(runs), 'run')} without an end" + (":" if runs else "")
    rows = [
        (
            visible(each.run_id),
            visible(each.status or "?"),
            duration(max(0, now - each.created_at)),
            ", ".join(visible(note) for note in _notes(each)),
        )
        for each in runs
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)] if rows else []
    for run_id, status, age, notes in rows:
        yield f"  {run_id:<{widths[0]}}  {status:<{widths[1]}}  {age:>{widths[2]}}  {notes}"


def _notes(run: OpenRun) -> Iterator[str]:
    if run.background:
        yield "background"
    if run.user_id is not None:
        yield f"user {run.user_id}"
    if run.session_id is not None:
        yield f"session {run.session_id}"
    if run.given_up:
        yield "given up by the process that followed it"
