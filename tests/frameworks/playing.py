"""Plays what a framework's program does, in a process of its own, and writes down what the app was given.

    python -m frameworks.playing openai_agents http://127.0.0.1:1234/v1 [events.jsonl]

With a file for the events, threadtrail records; without one, it is not even imported. The last line on
standard output is what the app was given, as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import logging
import sys
import warnings
from typing import Any

from frameworks.scenes import TALKS

FLUSH_TIMEOUT_SECONDS = 200.0


class Log(logging.Handler):
    """Keeps what is logged as a warning or worse."""

    def __init__(self, kept: list[Any]) -> None:
        super().__init__(logging.WARNING)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        self._kept.append([record.name, record.levelname, record.getMessage()])


def main() -> None:
    """Play the program that the command line names."""
    name, base_url, *events = sys.argv[1:]
    noticed: list[Any] = []
    logging.getLogger().addHandler(Log(noticed))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", ResourceWarning)  # the programs close no clients
        program = importlib.import_module(f"frameworks.programs.{name}")
        with recording(*events):
            given = asyncio.run(play(program, base_url))
    # How often each is said is a matter of timing in some frameworks.
    noticed += [[each.category.__name__, str(each.message)] for each in warned]
    noticed = [json.loads(text) for text in sorted({json.dumps(each) for each in noticed})]
    sys.stdout.write("\n" + json.dumps({"given": given, "noticed": noticed}) + "\n")


@contextlib.contextmanager
def recording(path: str | None = None) -> Any:
    """Record to a file, if there is one."""
    if path is None:
        yield
        assert "threadtrail" not in sys.modules
        return
    import threadtrail
    from threadtrail._guard import guard

    threadtrail.instrument(exporters={"jsonl": {"path": path}})
    yield
    assert threadtrail.shutdown(timeout=FLUSH_TIMEOUT_SECONDS)
    assert not guard.counts


async def play(program: Any, base_url: str) -> list[Any]:
    """Play all talks, in each way of the program, streamed and not."""
    given = []
    for way in program.WAYS:
        for streamed in (False, True):
            app = program.App(base_url, way)
            answers = [await app.talk(questions, streamed) for questions in TALKS]
            given.append([way, streamed, answers])
    return given


if __name__ == "__main__":
    main()
