"""The subcommand ``demo``."""

from __future__ import annotations

import argparse
import sys
from typing import Any

WALK_THROUGHS = ("responses", "math-tutor", "overview")

DESCRIPTION = """\
Play what most programs do with the Responses API, then two well-known walk-throughs of the Assistants API,
against a server on this computer, and show what threadtrail records. This needs no key and no network.

  responses    function calls and their outputs; in the background, polled; a stream; a conversation
  math-tutor   create an assistant and a thread, run, poll, read the answer; then two runs in one trace
  overview     several runs at once, a follow-up, code interpreter, file search, functions, a stream
"""


def add_parser(subcommands: Any) -> None:
    """Add ``demo`` to the command line."""
    parser = subcommands.add_parser(
        "demo",
        help="play example runs on this computer, and show what is recorded",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "walk_through",
        nargs="?",
        default="all",
        choices=(*WALK_THROUGHS, "all"),
        metavar="WALK-THROUGH",
        help=f"{', '.join(WALK_THROUGHS)} or all (the default)",
    )
    parser.add_argument(
        "--exporter",
        action="append",
        metavar="NAME",
        help="send the events to this exporter instead of the console; its options come from the environment "
        "and the configuration file; may be repeated",
    )
    parser.add_argument("--no-color", action="store_true", help="no colours; NO_COLOR=1 does the same")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Play the walk-throughs; return 1 if the server cannot start or an exporter lost events."""
    from threadtrail.commands.demo.stage import play  # noqa: PLC0415 - `--help` does without the SDK
    from threadtrail.testing.server import MissingExtraError  # noqa: PLC0415 - the same for the server

    chosen = WALK_THROUGHS if options.walk_through == "all" else (options.walk_through,)
    names = list(dict.fromkeys(options.exporter or ["console"]))
    try:
        return play(chosen, names, color=not options.no_color)
    except MissingExtraError as error:
        sys.stderr.write(f"threadtrail: {error}\n")
        return 1
