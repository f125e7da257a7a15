"""The subcommand ``compare``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from threadtrail.commands.arguments import number
from threadtrail.commands.choosing import print_problems
from threadtrail.commands.garbage import without_collection
from threadtrail.commands.pages import refuse_recording, write_page
from threadtrail.errors import ConfigurationError

DESCRIPTION = """\
Set two recordings side by side, such as those of the same program with assistants and with responses: turns,
how they ended, times, tokens, costs and tool calls, as a whole and by assistant or prompt, and turn by turn
where the input is the same. A recording is a file that the exporter jsonl writes.
"""

EPILOG = """\
examples:
  threadtrail compare monday.jsonl tuesday.jsonl
  threadtrail compare runs.jsonl                      assistants and responses in one recording
  threadtrail compare before/ after/ --html report.html
  threadtrail compare a.jsonl b.jsonl --match "Math Tutor=You are a tutor"

exit codes: 0  success, whatever the comparison says
            2  usage error, or a file that cannot be read or is not a recording
"""

PAIRS = 10
"""How many pairs are printed by default."""


def add_parser(subcommands: Any) -> None:
    """Add ``compare`` to the command line."""
    parser = subcommands.add_parser(
        "compare",
        help="set two recordings side by side",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = "a recording, a folder of them, or a pattern in quotes"
    parser.add_argument("before", metavar="BEFORE", help=what)
    parser.add_argument(
        "after", metavar="AFTER", nargs="?", help="the same; without it, BEFORE is split by API"
    )
    parser.add_argument(
        "--match",
        action="append",
        default=[],
        type=_two_labels,
        metavar="BEFORE=AFTER",
        help="two assistants, prompts or instructions that belong together, or their beginnings",
    )
    parser.add_argument(
        "--prices-of",
        metavar="PROVIDER",
        help="use the prices of this provider for all runs, such as openai",
    )
    parser.add_argument(
        "--pairs",
        type=number,
        default=PAIRS,
        metavar="N",
        help=f"how many pairs to print ({PAIRS} by default)",
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write a page, in one file")
    parser.add_argument("--json", action="store_true", help="print JSON, for tools")
    parser.add_argument("--no-color", action="store_true", help="no colours; NO_COLOR=1 does the same")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the comparison."""
    from threadtrail.commands.compare.comparison import compare  # noqa: PLC0415 - `--help` does without
    from threadtrail.commands.compare.files import read_side, sides_of  # noqa: PLC0415 - the same

    _check_provider(options.prices_of)
    with without_collection():
        recordings = [read_side(given) for given in (options.before, options.after) if given is not None]
        for each in recordings:
            print_problems(each.recording)
        before, after = sides_of(recordings, prices_of=options.prices_of)
        found = compare(before, after, options.match)
    if options.html is not None:
        from threadtrail.commands.compare.page import page  # noqa: PLC0415 - as above

        refuse_recording(options.html, "--html", [file for each in recordings for file in each.files])
        write_page(options.html, page(found))
    if options.json:
        from threadtrail.commands.compare.documents import document  # noqa: PLC0415 - as above

        sys.stdout.write(json.dumps(document(found), indent=2) + "\n")
    else:
        from threadtrail.commands.compare.table import print_comparison  # noqa: PLC0415 - as above

        print_comparison(found, pairs=options.pairs, color=not options.no_color)
    if options.html is not None:
        sys.stderr.write(f"threadtrail: wrote {options.html}\n")
    return 0


def _check_provider(name: str | None) -> None:
    """Refuse a provider that ``genai-prices`` does not know, if that is installed."""
    from threadtrail._text import did_you_mean, sentences  # noqa: PLC0415 - `--help` does without
    from threadtrail.prices.costing import close_provider, installed  # noqa: PLC0415 - the same

    if name is not None and installed() and (meant := close_provider(name)) != name:
        problem = f"--prices-of {name!r}: genai-prices has no such provider."
        raise ConfigurationError(sentences(problem, did_you_mean(meant)))


def _two_labels(text: str) -> tuple[str, str]:
    before, equals, after = text.partition("=")
    if not (before.strip() and equals and after.strip()):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form BEFORE=AFTER")
    return before.strip(), after.strip()
