"""A recording of many runs, made of the samples with ids and times of their own."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

from threadtrail.testing import samples

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from threadtrail.events import Event

NAMES = (
    "plain_answer",
    "parallel_function_calls",
    "code_interpreter",
    "failed",
    "plain_response",
    "background_response",
    "hosted_tools",
    "incomplete_response",
)
TURN = ("answered_calls", "answering_response")
SECOND = 1_000_000_000
THREE_DAYS = 259_200
CHANGING = re.compile(rf"\b(17357\d{{14}}|(?:run|resp)_(?:{'|'.join((*NAMES, *TURN))}))\b")
"""Times and ids, which each run has of its own."""


def lines_of_many(runs: int) -> Iterator[str]:
    """Yield the lines of so many runs; every tenth or so is one of a turn of two. Always the same."""
    chance = random.Random(10_000)  # noqa: S311 - which samples, not a secret
    stories = _stories()
    made = number = 0
    while made < runs:
        number += 1
        parts, count = stories[chance.choice([*stories])]
        later = chance.randrange(THREE_DAYS) * SECOND
        own = [
            (str(int(part) + later) if part[0] == "1" else f"{part}_{number}") if at % 2 else part
            for at, part in enumerate(parts)
        ]
        yield "".join(own)
        made += count


def _stories() -> dict[str, tuple[list[str], int]]:
    """Return the text of each story, cut before and after what changes, and how many runs it has."""
    runs = samples.sample_runs()
    alone = {name: (_parts(samples.events_of(runs[name])), 1) for name in NAMES}
    return {**alone, "turn": (_parts(samples.events_of_turn(*(runs[name] for name in TURN))), 2)}


def _parts(events: Iterable[Event]) -> list[str]:
    return CHANGING.split("".join(f"{event.to_json()}\n" for event in events))
