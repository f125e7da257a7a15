"""The subcommand ``exporters``."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import redirect_stdout
from typing import Any

DESCRIPTION = """\
List the exporters that are installed or chosen: the distribution of each, its hooks, and whether it is
enabled, by which setting. The installed ones are imported to find their hooks; none is built or started.
"""

EPILOG = """\
exit codes: 0  success
            1  a chosen exporter cannot be used
            2  usage error, or an error in the configuration (the list is still printed)
"""

UNUSABLE, WRONG_CONFIGURATION = 1, 2


def add_parser(subcommands: Any) -> None:
    """Add ``exporters`` to the command line."""
    parser = subcommands.add_parser(
        "exporters",
        help="list the exporters, and which of them are enabled",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for tools")
    parser.add_argument("--no-color", action="store_true", help="no colours; NO_COLOR=1 does the same")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the list; return 1 if a chosen exporter cannot be used, 2 if the configuration is wrong."""
    from threadtrail.commands.exporters.rows import not_installed, rows  # noqa: PLC0415 - `--help` does without
    from threadtrail.config.settings import read_settings  # noqa: PLC0415 - the same

    reading = read_settings({})
    with redirect_stdout(sys.stderr):  # what the exporters print is not part of the list
        found = rows(reading.settings, reading.origins)
    unusable = [row for row in found if row.chosen and row.problem]
    names = [row.name for row in unusable]
    others = [
        problem
        for problem in reading.problems
        if problem.key != "exporters" or problem.value not in names  # those have a row of their own
    ]
    if options.json:
        sys.stdout.write(json.dumps([row.as_json() for row in found], indent=2) + "\n")
    else:
        _print(found, not_installed(), color=not options.no_color)
    for problem in others:
        sys.stderr.write(f"threadtrail: {problem}\n")
    if others:
        return WRONG_CONFIGURATION
    return UNUSABLE if unusable else 0


def _print(found: list[Any], missing: list[str], *, color: bool) -> None:
    from threadtrail.commands.exporters.table import lines, table  # noqa: PLC0415 - as above
    from threadtrail.commands.terminal import print_lines, print_on, terminal  # noqa: PLC0415 - as above
    from threadtrail.config.installed import install_command  # noqa: PLC0415 - as above

    console = terminal(color=color)
    drawn = table(found, console.width) if console is not None else None
    if console is not None and drawn is not None:
        print_on(console, drawn)
    else:
        print_lines(lines(found))
    chosen = {row.name for row in found}
    if others := [name for name in missing if name not in chosen]:
        command = install_command(others[0] if len(others) == 1 else "NAME")
        print_lines(["", f"not installed: {', '.join(others)} ({command})"])
