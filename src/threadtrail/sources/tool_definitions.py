"""Tool definitions, which every run repeats."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from pydantic_core import from_json, to_json

from threadtrail._frozen import clean_text, freeze

Definitions = tuple[tuple[Any, ...], tuple[str, ...]]

NamesOf = Callable[[dict[str, Any]], tuple[Any, ...]]
"""Returns the values that may be a tool's name, the best first; the first that is text counts."""


def tool_definitions(given: list[Any], names_of: NamesOf) -> Definitions:
    """Return the tool definitions that the API echoes, frozen, and the names of the tools.

    All runs of a program echo the same definitions, often the largest part of the object. They are frozen
    once and recognised by their JSON, which takes a tenth of the time.
    """
    given = [tool for tool in given if isinstance(tool, dict)]
    if not given:
        return (), ()
    try:
        return _known(to_json(given), names_of)
    except ValueError:
        return _frozen(given, names_of)


@lru_cache(maxsize=128)
def _known(text: bytes, names_of: NamesOf) -> Definitions:
    return _frozen(from_json(text), names_of)


def _frozen(given: list[Any], names_of: NamesOf) -> Definitions:
    candidates = map(names_of, given)
    named = (next((name for name in names if isinstance(name, str)), None) for names in candidates)
    return freeze(given), tuple(text for name in named if name is not None and (text := clean_text(name)))
