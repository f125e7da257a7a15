"""A recording for the photographs of `threadtrail view`: two hours of a travel desk, always the same.

The runs are the samples of `threadtrail.testing`, with other questions by other people, faster and slower.
"""

from __future__ import annotations

import dataclasses
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from threadtrail.testing import samples
from threadtrail.values import Assistant, Attributes, Message, Run, TextPart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TURN = ("answered_calls", "answering_response")
STORIES = {
    "plain_response": 30,
    "reasoning_response": 14,
    "hosted_tools": 8,
    "plain_answer": 12,
    "parallel_function_calls": 12,
    "code_interpreter": 4,
    "background_response": 4,
    "streamed": 8,
    "turn": 24,
    "failed_response": 3,
    "failed": 2,
    "incomplete_response": 3,
    "cancelled_response": 1,
}
"""The samples, and how often each occurs."""

QUESTIONS = (
    "How is the weather in Lisbon on Friday, and in Porto?",
    "Find a train from Vienna to Trieste that arrives before noon.",
    "Is breakfast included at the hotel in Ghent?",
    "Move my return flight to Monday, window seat if there is one.",
    "What may I bring through security at Heathrow?",
    "Compare the two itineraries, and say which has the longer walk.",
    "Which visa do I need for a week in Tbilisi?",
    "Book a table for four near the Albertina at eight.",
    "Summarise the terms of this ticket in three lines.",
    "How long is the transfer in Frankfurt, and is it enough?",
    "Send the confirmation to everybody who travels with me.",
    "What does the night ferry to Tallinn cost with a cabin?",
)
ANSWERS = (
    "Both are dry; Porto is cooler by six degrees. I would take a jacket for the evening.",
    "The 06:58 arrives at 11:42 with one change in Villach. Shall I hold two seats?",
    "Yes, from seven to half past ten, also for late arrivals.",
    "Done: Monday, 17:20, seat 14A. The difference in fare is 38 €.",
)
USERS = ("mara", "jonas", "aiko", "lena", "omar")
TAGS = ("web", "mobile", "beta")
DESK = Assistant(id="pmpt_travel_desk", name="Travel desk", kind="prompt", version="7")
PLANNER = Assistant(id="asst_planner", name="Route planner")
COUNT, HOURS = 240, 2
SECOND = 1_000_000_000
TIMES = ("created_at", "started_at", "ended_at", "first_output_at", "answered_at", "completed_at")
MORE_TIMES = ("time", "seen_at", "server_time")


def lines() -> Iterator[str]:
    """Yield the lines of the recording."""
    chance = random.Random(7)  # noqa: S311 - which samples, not a secret
    runs = samples.sample_runs()
    begin = runs["plain_answer"].created_at or 0
    starts = sorted(begin + round(chance.betavariate(1.6, 1.3) * HOURS * 3600 * SECOND) for _ in range(COUNT))
    for number, start in enumerate(starts):
        (name,) = chance.choices([*STORIES], [*STORIES.values()])
        story = [runs[part] for part in (TURN if name == "turn" else (name,))]
        told = _retold(story, number, start, chance)
        events = samples.events_of_turn(*told) if name == "turn" else samples.events_of(told[0])
        yield from (f"{event.to_json()}\n" for event in events)


def _retold(story: list[Run], number: int, start: int, chance: random.Random) -> list[Run]:
    """Return the runs at another time, with another user and another question."""
    origin, factor = story[0].created_at or 0, chance.uniform(0.5, 2.4)
    question, answer = chance.choice(QUESTIONS), chance.choice(ANSWERS)
    user = chance.choice(USERS)
    about = Attributes(user_id=user, session_id=f"{user}-{number // 20}", tags=(chance.choice(TAGS),))
    ids = {run.id: f"{run.id.split('_')[0]}_{chance.randrange(16**12):012x}" for run in story}
    told = []
    for run in story:
        moved = _moved(run, lambda time: start + round((time - origin) * factor))
        told.append(
            replace(
                moved,
                id=ids[run.id],
                turn_id=ids.get(run.turn_id or "", run.turn_id and ids[story[0].id]),
                previous_run_id=ids.get(run.previous_run_id or ""),
                answers=tuple(ids.get(each, each) for each in run.answers),
                session_key=f"conv_{user}",
                assistant=DESK if run.one_generation else PLANNER,
                attributes=about,
                input=tuple(_said(message, question) for message in moved.input),
                output=tuple(_said(message, answer) for message in moved.output),
            )
        )
    return told


def _said(message: Message, text: str) -> Message:
    """Return a message of a person or the model with other words."""
    if message.role not in {"user", "assistant"}:
        return message
    parts = tuple(TextPart(text=text) if isinstance(part, TextPart) else part for part in message.parts)
    return replace(message, parts=parts)


def _moved(value: Any, move: Callable[[int], int]) -> Any:
    """Return a value of the vocabulary with all of its times moved."""
    if isinstance(value, tuple):
        return tuple(_moved(item, move) for item in value)
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    changed = {}
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if field.name in TIMES or field.name in MORE_TIMES:
            changed[field.name] = None if item is None else move(item)
        elif isinstance(item, tuple):
            changed[field.name] = _moved(item, move)
    return replace(value, **changed)
