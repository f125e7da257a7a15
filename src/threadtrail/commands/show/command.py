"""The subcommand ``show``."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from threadtrail.commands.arguments import count
from threadtrail.commands.choosing import add_choice, add_files, choice, reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.events import Event

DESCRIPTION = """\
Print what a recording holds: a tree for each run or turn, as the exporter console prints it. A recording is
a file that the exporter jsonl writes; several of them are merged.
"""

EPILOG = """\
examples:
  threadtrail show runs.jsonl --last 5              the last five runs or turns
  threadtrail show runs.jsonl --run resp_12 --full  one of them, with all of its content
  threadtrail show runs.jsonl --stats               numbers of all of them
  threadtrail show runs.jsonl --json | jq -r 'select(.event == "RunEnded") | .run.usage.total_tokens'

exit codes: 0  success, even if there is nothing to show
            2  usage error, or a file that cannot be read or is not a recording
"""


def add_parser(subcommands: Any) -> None:
    """Add ``show`` to the command line."""
    parser = subcommands.add_parser(
        "show",
        help="print the runs of a recording, or numbers about them",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_files(parser)
    add_choice(parser)
    parser.add_argument("--last", type=count, metavar="N", help="only the last N of these runs or turns")
    parser.add_argument(
        "--stats", action="store_true", help="print numbers: runs, tokens, tool calls, times, cost"
    )
    parser.add_argument(
        "--json", action="store_true", help="print the end of each run and turn as a line of JSON, for tools"
    )
    parser.add_argument("--full", action="store_true", help="print all of the content, however long it is")
    parser.add_argument("--no-color", action="store_true", help="no colours; NO_COLOR=1 does the same")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the chosen part of the recording."""
    from threadtrail.commands.show.chosen import chosen  # noqa: PLC0415 - `--help` does without
    from threadtrail.merging.merge import merge  # noqa: PLC0415 - as above
    from threadtrail.recordings.files import files_of  # noqa: PLC0415 - as above

    with reading(files_of(*options.files), merge) as events:
        shown = chosen(events, choice(options), options.last)
        for note in shown.notes:
            sys.stderr.write(f"threadtrail: {note}\n")
        _print(shown.events, options)
    return 0


def _print(events: Sequence[Event], options: argparse.Namespace) -> None:
    if options.stats:
        _print_stats(events, as_json=options.json, color=not options.no_color)
    elif options.json:
        from threadtrail.commands.show.documents import documents  # noqa: PLC0415 - as above

        sys.stdout.writelines(f"{line}\n" for line in documents(events))
    else:
        from threadtrail.commands.show.trees import print_trees  # noqa: PLC0415 - as above

        print_trees(events, color=not options.no_color, full=options.full)


def _print_stats(events: Sequence[Event], *, as_json: bool, color: bool) -> None:
    import json  # noqa: PLC0415 - as above

    from threadtrail.commands.show.statistics import statistics_of  # noqa: PLC0415 - as above

    numbers = statistics_of(events)
    if as_json:
        sys.stdout.write(json.dumps(numbers.as_json(), indent=2, ensure_ascii=False) + "\n")
        return
    from threadtrail.commands.show.tables import print_statistics  # noqa: PLC0415 - as above

    print_statistics(numbers, color=color)
