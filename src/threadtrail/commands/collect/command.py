"""The subcommand ``collect``."""

from __future__ import annotations

import argparse
from typing import Any

from threadtrail.commands.arguments import count, port, seconds

SETTLE_SECONDS = 5.0
WAIT_SECONDS = 3_600.0
TIMEOUT_SECONDS = 60.0
MAX_ATTEMPTS = 5

DESCRIPTION = """\
Merge what several processes saw of the same runs, and export each run once. The events come from files that
the exporter jsonl writes, or from what a plugin can read, such as Redis.

A run is exported when it is whole: it has ended, and so has its turn, and the trace() around it. A run that
does not end is exported as it is after --wait seconds. The next collector continues where this one stopped;
what was not delivered is not lost.
"""

EPILOG = """\
examples:
  threadtrail collect --from 'logs/*.jsonl' --exporter langfuse            export what is there
  threadtrail collect --from 'logs/*.jsonl' --follow --exporter langfuse   and what is written later
  threadtrail collect --from redis://localhost:6379 --status-port 8099     for a fleet, as a service

exit codes: 0    everything was delivered, or it was asked to stop (SIGTERM, Ctrl-C)
            1    something was given up: no exporter took it
            2    usage error, or an error in the configuration
"""


def add_parser(subcommands: Any) -> None:
    """Add ``collect`` to the command line."""
    parser = subcommands.add_parser(
        "collect",
        help="merge what several processes saw, and export each run once",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--from",
        action="append",
        required=True,
        dest="places",
        metavar="PLACE",
        help="files, such as 'logs/*.jsonl', or an address, such as redis://host:6379; files may be repeated",
    )
    parser.add_argument(
        "--follow",
        action="store_true",
        help="for files: keep reading what is written to them; without it, end when all is exported",
    )
    parser.add_argument(
        "--exporter",
        action="append",
        metavar="NAME",
        help="export to this exporter instead of the configured ones; may be repeated",
    )
    _add_times(parser)
    parser.add_argument(
        "--max-attempts",
        type=count,
        default=MAX_ATTEMPTS,
        metavar="N",
        help="how often to try a run that an exporter refuses while it takes others, "
        f"{MAX_ATTEMPTS} by default; then it is put aside",
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the place, such as state=FILE, which records what was delivered of files; "
        "may be repeated",
    )
    parser.add_argument(
        "--status-port",
        type=port,
        metavar="PORT",
        help="serve /status as JSON on this port of 127.0.0.1",
    )
    parser.set_defaults(run=run)


def _add_times(parser: Any) -> None:
    """Add the options that are lengths of time."""
    parser.add_argument(
        "--settle",
        type=seconds,
        default=SETTLE_SECONDS,
        metavar="SECONDS",
        help="how long to wait before a complete run is exported: other processes may have seen more of it; "
        f"{SETTLE_SECONDS:g} by default",
    )
    parser.add_argument(
        "--wait",
        type=seconds,
        default=WAIT_SECONDS,
        metavar="SECONDS",
        help="how long to wait for the rest of any other run after its last event; "
        f"{WAIT_SECONDS:g} by default",
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=TIMEOUT_SECONDS,
        metavar="SECONDS",
        help=f"how long the exporters may take for a batch, {TIMEOUT_SECONDS:g} by default",
    )


def run(options: argparse.Namespace) -> int:
    """Collect until there is nothing left or a signal arrives; return 1 if something was given up."""
    from threadtrail.commands.collect.collecting import collect  # noqa: PLC0415 - `--help` does without

    return collect(options)
