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
TIME = re.compile(r"\b17357\d{14}\b")
ID = re.compile(rf"\b(run|resp)_({'|'.join((*NAMES, *TURN))})\b")


def lines_of_many(runs: int) -> Iterator[str]:
    """Yield the lines of so many runs; every tenth or so is one of a turn of two. Always the same."""
    chance = random.Random(10_000)  # noqa: S311 - which samples, not a secret
    stories = _stories()
    made = number = 0
    while made < runs:
        number += 1
        name = chance.choice([*stories])
        story, count = stories[name]
        later = chance.randrange(THREE_DAYS) * SECOND
        moved = TIME.sub(lambda found, later=later: str(int(found[0]) + later), story)  # type: ignore[misc]
        yield ID.sub(rf"\1_\2_{number}", moved)
        made += count


def _stories() -> dict[str, tuple[str, int]]:
    runs = samples.sample_runs()
    alone = {name: (_text(samples.events_of(runs[name])), 1) for name in NAMES}
    return {**alone, "turn": (_text(samples.events_of_turn(*(runs[name] for name in TURN))), 2)}


def _text(events: Iterable[Event]) -> str:
    return "".join(f"{event.to_json()}\n" for event in events)
