"""Tool definitions, which every response repeats."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic_core import from_json, to_json

from threadtrail._frozen import clean_text, freeze

Definitions = tuple[tuple[Any, ...], tuple[str, ...]]


def tool_definitions(given: list[Any]) -> Definitions:
    """Return tool definitions, frozen, and the names of the tools; equal ones are frozen once."""
    if not given:
        return (), ()
    try:
        return _known(to_json(given))
    except ValueError:
        return _frozen(given)


@lru_cache(maxsize=128)
def _known(text: bytes) -> Definitions:
    return _frozen(from_json(text))


def _frozen(given: list[Any]) -> Definitions:
    return freeze(given), tuple(filter(None, map(_name, given)))


def _name(tool: Any) -> str | None:
    """Return a tool's name: its own, that of its server, or its kind."""
    if not isinstance(tool, dict):
        return None
    names = (tool.get("name"), tool.get("server_label"), tool.get("type"))
    return next((clean_text(name) for name in names if isinstance(name, str)), None)
