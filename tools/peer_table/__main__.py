"""What tools record of 26 ways to use Responses, beside what should be recorded, as a Markdown table.

    make compare-peers                             every tool, with synchronous clients
    python -m peer_table NAME…                     only these
    python -m peer_table --async                   with asynchronous clients
    python -m peer_table --only "background"       only scenarios that have this in their names

Each tool is installed once, in its own environment (.cache/peers), and plays the scenarios in its own
process, against a local server.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from peer_table.peers import PEERS
from peer_table.playing import column_of
from peer_table.scenarios import SCENARIOS
from peer_table.table import table

if TYPE_CHECKING:
    from peer_table.playing import Column


def main() -> None:
    """Compare what the command line names."""
    options = _options()
    scenarios = {name: each for name, each in SCENARIOS.items() if options.only in name}
    columns: list[Column] = []
    for peer in options.peers or PEERS:
        columns.append(column_of(peer, options.python, scenarios, is_async=options.is_async))
        print(f"{PEERS[peer].title}: {columns[-1].problem or 'played'}", file=sys.stderr, flush=True)
    print(table(columns, scenarios))


def _options() -> argparse.Namespace:
    description = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m peer_table", description=description)
    parser.add_argument(
        "peers", nargs="*", metavar="NAME", help=f"of {', '.join(PEERS)}; all if none is given"
    )
    parser.add_argument("--async", dest="is_async", action="store_true", help="use asynchronous clients")
    parser.add_argument("--only", default="", metavar="TEXT", help="only scenarios with this in their names")
    parser.add_argument(
        "--python", default=sys.executable, help="interpreter that the environments are made of"
    )
    options = parser.parse_args()
    for name in options.peers:
        if name not in PEERS:
            parser.error(f"there is no tool {name!r}; there are {', '.join(PEERS)}")
    return options


if __name__ == "__main__":
    main()
