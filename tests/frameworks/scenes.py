"""What is asked in each framework, the one function that it may call, and what that says."""

from __future__ import annotations

MODEL = "gpt-4o"
KEY = "sk-local"

TALKS = (
    ("Say hello.",),
    ("How warm is it in Oslo?",),
    ("How warm is it in Rome?", "And how warm is it in Paris?"),
)
"""The questions of a session each: a plain answer, a tool loop, and two turns that are a tool loop each."""


def get_weather(city: str) -> str:
    """Return how warm it is in a city.

    Args:
        city: The city's name.
    """
    return f"{len(city)} degrees in {city}"
