"""The command ``threadtrail``: runs a subcommand, and turns errors into exit codes.

A subcommand is a module with ``add_parser(subcommands)``, which sets ``run`` on its parser: a function that
takes the parsed options and returns the exit code. It imports what it needs when it runs, so that ``--help``
stays quick.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import threadtrail
from threadtrail.commands.collect import command as collect
from threadtrail.commands.compare import command as compare
from threadtrail.commands.demo import command as demo
from threadtrail.commands.doctor import command as doctor
from threadtrail.commands.exporters import command as exporters
from threadtrail.commands.output import OutputError, checked_output, discard_output
from threadtrail.commands.replay import command as replay
from threadtrail.commands.show import command as show
from threadtrail.commands.status import command as status
from threadtrail.commands.view import command as view

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (demo, exporters, doctor, show, view, compare, replay, collect, status)

EPILOG = """\
examples:
  threadtrail demo responses       play a few responses, see what is recorded
  threadtrail exporters            list the exporters, and what enables them
  threadtrail doctor myapp.main    check the settings and backends of a program
  threadtrail show runs.jsonl      print the runs of a recording
  threadtrail status --from runs.jsonl   list the runs that never ended
  threadtrail view runs.jsonl      look at what was recorded, in the browser
  threadtrail compare runs.jsonl   set its assistants and responses side by side
  threadtrail replay runs.jsonl --exporter langfuse   send it to a backend
  threadtrail collect --from 'logs/*.jsonl'   export what several processes saw
"""

FAILED = 1
USAGE_ERROR = 2  # as argparse has it; also where output cannot be written
INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0 success, 2 usage error, 130 interrupted, 1 otherwise."""
    command_line = parser()
    options = command_line.parse_args(arguments)
    if options.run is None:
        command_line.print_help(sys.stderr)
        return USAGE_ERROR
    try:
        with checked_output():
            code: int = options.run(options)
            sys.stdout.flush()  # here, where a closed pipe or a full disk can still be handled
    except threadtrail.ConfigurationError as error:
        sys.stderr.write(f"threadtrail: {error}\n")
        return USAGE_ERROR
    except KeyboardInterrupt:
        return INTERRUPTED
    except OutputError as error:
        discard_output()
        sys.stderr.write(f"threadtrail: cannot write to standard output: {error}\n")
        return USAGE_ERROR
    except BrokenPipeError:  # `threadtrail ... | head`: the reader has gone
        discard_output()
        return FAILED
    return code


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line; without a command, it sets ``run`` to ``None``."""
    whole = argparse.ArgumentParser(
        prog="threadtrail",
        description="One line, one run, one trace: see what OpenAI responses and assistants do.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("-V", "--version", action="version", version=f"threadtrail {threadtrail.__version__}")
    whole.set_defaults(run=None)
    subcommands = whole.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(subcommands)
    return whole
