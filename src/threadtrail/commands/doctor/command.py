"""The subcommand ``doctor``."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

from threadtrail.commands.arguments import seconds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from threadtrail.commands.doctor.findings import Report

TIMEOUT_SECONDS = 5.0

DESCRIPTION = """\
Check the SDK, the configuration, each chosen exporter and its backend, and other instrumentations of the
same methods; print what is wrong and how to correct it. Exporters are started as instrument() starts them,
so jsonl creates its file. Backends are asked whether they answer and accept the key; nothing is stored there.

The doctor runs in a process of its own. It sees what your program sets up in code only if you name the
program: its module is then imported first.
"""

EPILOG = """\
exit codes: 0  no problem (there may be notes and warnings)
            1  at least one problem; with --strict, at least one problem or warning
            2  usage error, or threadtrail.instrument() would raise ConfigurationError
"""


def add_parser(subcommands: Any) -> None:
    """Add ``doctor`` to the command line."""
    parser = subcommands.add_parser(
        "doctor",
        help="check the SDK, the settings, the exporters and their backends",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "module", nargs="?", metavar="MODULE", help="your program: a module (myapp.main) or a file (myapp.py)"
    )
    parser.add_argument(
        "--exporter",
        action="append",
        default=[],
        metavar="NAME",
        help="check this exporter instead of the configured ones; may be repeated",
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=TIMEOUT_SECONDS,
        metavar="SECONDS",
        help=f"how long a backend may take to answer (default: {TIMEOUT_SECONDS:g}); all are checked at once",
    )
    parser.add_argument("--strict", action="store_true", help="count a warning as a problem")
    parser.add_argument("--json", action="store_true", help="print JSON, for tools")
    parser.add_argument("--no-color", action="store_true", help="no colours; NO_COLOR=1 does the same")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Examine everything, print the findings, and return the exit code."""
    from threadtrail.commands.doctor.examine import examine  # noqa: PLC0415 - `--help` does without

    printer = _Printer(color=not options.no_color)
    # Print what is known before any backend is asked, above all where data would go.
    before_connecting = _ignore if options.json else printer.print_new
    with redirect_stdout(sys.stderr):  # what programs and exporters print is not part of the report
        report = examine(options.module, options.exporter, options.timeout, before_connecting)
    code = report.exit_code(strict=options.strict)
    if options.json:
        whole = {"exit_code": code, "findings": report.as_json()}
        sys.stdout.write(json.dumps(whole, indent=2) + "\n")
    else:
        printer.print_new(report)
        printer.print_summary(report)
    return code


def _ignore(_report: Report) -> None:
    """Print nothing: JSON is printed as a whole, at the end."""


class _Printer:
    """Prints a report in parts, on the standard output as it is now."""

    def __init__(self, *, color: bool) -> None:
        from threadtrail.commands.terminal import terminal  # noqa: PLC0415 - as above

        self._output = sys.stdout
        self._console = terminal(color=color)
        self._count = 0

    def print_new(self, report: Report) -> None:
        """Print the findings that came since the last time."""
        from threadtrail.commands.doctor.render import lines, tables  # noqa: PLC0415 - as above

        new = report.findings[self._count :]
        self._count = len(report.findings)
        self._print(lines(new) if self._console is None else tables(new))

    def print_summary(self, report: Report) -> None:
        """Print the last line."""
        from threadtrail.commands.doctor.render import coloured_summary, summary  # noqa: PLC0415 - as above

        self._print([summary(report) if self._console is None else coloured_summary(report)])

    def _print(self, items: Iterable[Any]) -> None:
        from threadtrail.commands.terminal import print_lines, print_on  # noqa: PLC0415 - as above

        with redirect_stdout(self._output):
            if self._console is None:
                print_lines(items)
            else:
                print_on(self._console, *items)
        self._output.flush()
