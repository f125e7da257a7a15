"""The subcommand ``replay``."""

from __future__ import annotations

import argparse
from typing import Any

from threadtrail.commands.arguments import seconds
from threadtrail.commands.choosing import add_choice, add_files

TIMEOUT_SECONDS = 60.0

DESCRIPTION = """\
Send a recording to exporters, with its own times and ids. A recording is a file that the exporter jsonl
writes; several of them are merged. The exporters take their options from the environment and the
configuration file, as in a program.

What was delivered is noted in FILE.replayed. The same command continues where the last one stopped: after
Ctrl-C, after a crash, or when the backend was down.
"""

EPILOG = """\
examples:
  threadtrail replay runs.jsonl --exporter langfuse --dry-run   what would be sent, and where to
  threadtrail replay runs.jsonl --exporter langfuse             send it, or continue
  threadtrail replay runs.jsonl --exporter opentelemetry --since 2026-11-27 --failed

exit codes: 0    everything was delivered, by this command or an earlier one
            1    something was not delivered; the same command tries it again
            2    usage error, or an error in the configuration
            130  interrupted; the same command continues
"""


def add_parser(subcommands: Any) -> None:
    """Add ``replay`` to the command line."""
    parser = subcommands.add_parser(
        "replay",
        help="send a recording to exporters",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_files(parser)
    parser.add_argument(
        "--exporter",
        action="append",
        required=True,
        metavar="NAME",
        help="send the runs to this exporter; may be repeated",
    )
    add_choice(parser)
    parser.add_argument("--dry-run", action="store_true", help="print what would be sent, and send nothing")
    parser.add_argument("--again", action="store_true", help="also send what was delivered before")
    parser.add_argument(
        "--state",
        metavar="FILE",
        help="note in this file what was delivered, instead of in FILE.replayed",
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=TIMEOUT_SECONDS,
        metavar="SECONDS",
        help=f"how long an exporter may take for a batch, {TIMEOUT_SECONDS:g} by default",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Send the recording; return 1 if something was not delivered."""
    from threadtrail.commands.replay.replaying import replay  # noqa: PLC0415 - `--help` does without

    return replay(options)
