"""The subcommand ``demo``: its options, and what can go wrong before it starts."""

from __future__ import annotations

import argparse
import sys
from typing import Any

WALK_THROUGHS = ("math-tutor", "overview")

DESCRIPTION = """\
Play two well-known walk-throughs of the Assistants API against a server on this computer, and show what
threadtrail records of them. No key and no network is needed.

  math-tutor   create an assistant and a thread, run, poll, read the answer; then grouped into one trace
  overview     runs at once, a follow-up, code interpreter, file search, functions, a stream
"""


def add_parser(subcommands: Any) -> None:
    """Add ``demo`` to the command line."""
    parser = subcommands.add_parser(
        "demo",
        help="see it work, on this computer alone",
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
        help="send the events there instead of to the console, configured by environment or file as always; "
        "may be given again",
    )
    parser.add_argument("--no-color", action="store_true", help="no colours; NO_COLOR=1 does the same")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Play what was asked for; 1 if the server cannot start or an exporter lost events."""
    # Imported here: the SDK and the server are not needed for anything else on this command line.
    from threadtrail.commands.demo.stage import play  # noqa: PLC0415
    from threadtrail.testing.server import MissingExtraError  # noqa: PLC0415

    chosen = WALK_THROUGHS if options.walk_through == "all" else (options.walk_through,)
    names = list(dict.fromkeys(options.exporter or ["console"]))
    try:
        return play(chosen, names, color=not options.no_color)
    except MissingExtraError as error:
        sys.stderr.write(f"threadtrail: {error}\n")
        return 1
