"""A program of an app as text: what a test runs is what it prints when it fails."""

from __future__ import annotations

import itertools
import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from properties.statements import Phrases

HEAD = '''\
"""Found by tests/properties. Save it as a file, and run it from the repository's root:

    PYTHONPATH=tests .venv/bin/python FILE
"""

from contextlib import AsyncExitStack

import threadtrail
from properties.{api}_app import try_out
from threadtrail.testing.server import *


async def app(server, client, hasty, network, saw):
    run, thread, stream, held, gate = saw.run, {{}}, {{}}, [], {{}}

    async def leave(slot):
        if slot in stream:
            await stream.pop(slot).close()
            server.wait_until(lambda: server.open_streams <= len(stream) + len(held))

    async with AsyncExitStack() as stack:
'''
FOOT = """
        for left in [*stream.values(), *held]:
            with saw.attempt():
                await left.close()

if __name__ == "__main__":
    try_out(app, clock_offset={clock_offset}, max_open_runs={max_open_runs})
"""
SYNC = {
    "await ": "",
    "async ": "",
    "AsyncExitStack": "ExitStack",
    "enter_async_context": "enter_context",
    "anext": "next",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What an app does, statement by statement, with a client of either kind.

    Statements are written for the async client. ``clock_offset``: by how many seconds the server's clock is
    ahead.
    """

    api: str
    statements: tuple[str, ...]
    is_async: bool = False
    clock_offset: int = 0
    max_open_runs: int = 1_000

    @property
    def settings(self) -> dict[str, int]:
        """What the program is played with."""
        return {"clock_offset": self.clock_offset, "max_open_runs": self.max_open_runs}

    @property
    def source(self) -> str:
        """The whole program; each statement goes on where the SDK raises."""
        tries = [
            f"with saw.attempt():\n{textwrap.indent(text, '    ')}"
            for text in self.statements
            if text != "pass"
        ]
        body = textwrap.indent("\n".join(tries), " " * 8)
        text = HEAD.format(api=self.api) + body + "\n" + FOOT.format(**self.settings)
        return text if self.is_async else _without_async(text)

    def function(self) -> Any:
        """The program's function ``app``."""
        names: dict[str, Any] = {"__name__": "program"}
        exec(compile(self.source, "<program>", "exec"), names)  # noqa: S102 - our own text
        return names["app"]


def programs(api: str, setup: str, first: Phrases, more: Phrases) -> st.SearchStrategy[Program]:
    """Programs that begin with ``setup`` and one of ``first``, and go on with some phrases."""
    # One list alone would mostly be of three or so.
    parts = st.tuples(*[st.lists(more, max_size=6)] * 2)
    return st.builds(
        lambda first, parts, **settings: Program(
            api=api, statements=(setup, *first, *itertools.chain(*itertools.chain(*parts))), **settings
        ),
        first,
        parts,
        is_async=st.booleans(),
        clock_offset=st.sampled_from([0, 0, -3, 3, 3_600]),
        max_open_runs=st.sampled_from([1_000, 1_000, 1_000, 1]),
    )


def _without_async(text: str) -> str:
    return re.sub("|".join(SYNC), lambda found: SYNC[found[0]], text)
