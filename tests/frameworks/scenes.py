"""What is asked in each framework, the one function that it may call, and what that says."""

from __future__ import annotations

from pydantic import BaseModel

MODEL = "gpt-4o"
KEY = "sk-local"

TALKS = (
    ("Say hello.",),
    ("How warm is it in Oslo?",),
    ("How warm is it in Madrid and in Berlin?",),
    ("How warm is it in Rome?", "And how warm is it in Paris?"),
)
"""The questions of each session: a plain answer, a tool loop with one call, one with two, and two turns."""


class Answer(BaseModel):
    """What a program asks for that wants its answers structured."""

    answer: str


def get_weather(city: str) -> str:
    """Return how warm it is in a city.

    Args:
        city: The city's name.
    """
    return f"{len(city)} degrees in {city}"
