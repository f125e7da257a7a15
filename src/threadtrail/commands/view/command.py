"""The subcommand ``view``."""

from __future__ import annotations

import argparse
import gc
import sys
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadtrail import _install
from threadtrail.commands.arguments import port
from threadtrail.commands.choosing import add_files, print_problems
from threadtrail.commands.garbage import without_collection
from threadtrail.commands.pages import refuse_recording, write_new_page, write_page
from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

DESCRIPTION = """\
Show recordings as one page in the browser: runs and turns to search and filter, and of each one where its
time went, its messages, tool calls and tokens. The page is one file that needs no network; it can be sent on.
"""

EPILOG = """\
exit codes: 0  success
            2  a file cannot be read or is not a recording; the port of --serve is taken
"""


def add_parser(subcommands: Any) -> None:
    """Add ``view`` to the command line."""
    parser = subcommands.add_parser(
        "view",
        help="show recordings as a page in the browser",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_files(parser)
    parser.add_argument("--output", metavar="PAGE", help="write the page to this file, and do not open it")
    parser.add_argument("--title", help="the title of the page (default: the names of the files)")
    parser.add_argument(
        "--no-open", action="store_true", help="print the location of the page instead of opening it"
    )
    parser.add_argument(
        "--serve",
        action="store_true",
        help="serve the page on this computer only, and follow the files live",
    )
    parser.add_argument("--port", type=port, help="the port of --serve (default: a free one)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the page and open it, or serve it until it is interrupted; return 0."""
    from threadtrail.recordings.files import files_of  # noqa: PLC0415 - `--help` does without

    if options.serve and options.output is not None:
        raise ConfigurationError("--serve writes no page; leave out --output, or --serve")
    if options.port is not None and not options.serve:
        raise ConfigurationError("--port is the port of --serve; add --serve")
    files = files_of(*options.files)
    if options.serve:
        return _serve(files, options)
    if options.output is not None:
        refuse_recording(Path(options.output), "--output", files)
    with without_collection():
        page = _page(files, _title(options))
    if options.output is not None:
        write_page(Path(options.output), page)
        sys.stdout.write(f"{options.output}\n")
        return 0
    path = write_new_page(page)
    if options.no_open or not webbrowser.open(path.as_uri()):
        sys.stdout.write(f"{path}\n")
    return 0


def _serve(files: Sequence[Path], options: argparse.Namespace) -> int:
    try:
        from threadtrail.commands.view.serving import PageServer  # noqa: PLC0415 - needs what an extra installs
    except ModuleNotFoundError as error:
        problem = f"--serve needs the package {error.name!r}, which is not installed"
        raise ConfigurationError(f"{problem}. Install it with: {_install.extra_command('view')}") from error
    from threadtrail.commands.view.live import LivePage  # noqa: PLC0415 - `--help` does without

    with without_collection():
        page = LivePage(files, _title(options))
    gc.freeze()  # what was read stays in memory, so the garbage collector need not scan it
    try:
        server = PageServer(page, options.port or 0)
    except OSError as error:
        raise ConfigurationError(f"cannot serve on port {options.port}: {error.strerror or error}") from error
    if not options.no_open:
        webbrowser.open(server.url)
    sys.stdout.write(f"{server.url}\nServing on this computer alone until you press Ctrl-C.\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        server.run()
    return 0


def _title(options: argparse.Namespace) -> str:
    return options.title or ", ".join(Path(file).name or file for file in options.files)


def _page(files: Sequence[Path], title: str) -> str:
    from threadtrail.commands.view.contents import page_data  # noqa: PLC0415 - `--help` does without
    from threadtrail.commands.view.html import document  # noqa: PLC0415 - the same
    from threadtrail.commands.view.packing import chunks, index  # noqa: PLC0415 - the same
    from threadtrail.recordings.reading import read_recording  # noqa: PLC0415 - the same

    recording = read_recording(*files)
    print_problems(recording)
    if not recording.events:
        sys.stderr.write("threadtrail: the recording has no events, so the page has no runs\n")
    data = page_data(recording.events, title=title, problems=recording.problems)
    packed, places = chunks(data)
    return document(index(data, places), packed)
