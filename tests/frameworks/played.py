"""A program that was played, with us or without: what it was given, and what was recorded."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from frameworks.scenes import TALKS
from frameworks.scripted import Served, needs_function, served, server
from layered.environments import ROOT, Environment, run
from threadtrail.events import RunEnded
from threadtrail.exporters.jsonl import read_events

if TYPE_CHECKING:
    from pathlib import Path

    from threadtrail.values import Run

TIMEOUT_SECONDS = 250


class TurnPlayed(NamedTuple):
    """A question, in which way it was asked, and the run of each response that it took."""

    way: str
    question: str
    runs: list[Run]


@dataclass(frozen=True)
class Played:
    """What the program was given, what it warned and logged, and what the server saw of it."""

    given: list[Any]
    noticed: list[Any]
    served: Served
    events: list[Any]

    def of(self, kind: type) -> list[Any]:
        """Return the events of a class."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def runs(self) -> list[Run]:
        """The run of each response, in the order in which the server gave them."""
        found = {event.run.id: event.run for event in self.of(RunEnded)}
        return [found[response["id"]] for response in self.served.responses]

    @property
    def sessions(self) -> list[list[TurnPlayed]]:
        """The turns of each session."""
        runs = iter(self.runs)

        def turn(way: str, question: str) -> TurnPlayed:
            return TurnPlayed(way, question, [next(runs) for _ in range(1 + needs_function(question))])

        ways = [way for way, _streamed, _answers in self.given]
        found = [[turn(way, question) for question in talk] for way in ways for talk in TALKS]
        assert next(runs, None) is None
        return found


def environment_of(name: str) -> Environment:
    """Return where a framework is; without it the test is skipped, and fails where CI runs it."""
    folder = ROOT / ".sdks" / "frameworks" / name
    if not (folder / ".installed").exists():
        reason = f"{name} is not in .sdks/frameworks. Get it with: make frameworks"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return Environment(folder / "bin" / "python")


def play(environment: Environment, name: str, folder: Path, *events: str) -> Played:
    """Play a framework's program against a server of its own; with a file for events, it is recorded."""
    with server() as running:
        arguments = ("-m", "frameworks.playing", name, running.base_url, *events)
        done = run(environment, folder, *arguments, timeout=TIMEOUT_SECONDS)
        said = json.loads(done.stdout.splitlines()[-1])
        found = [event for path in events for event in read_events(folder / path)]
        return Played(said["given"], said["noticed"], served(running), found)
