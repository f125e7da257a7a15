"""Tool definitions, which every run of an assistant repeats."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic_core import from_json, to_json

from threadtrail._frozen import clean_text, freeze

Definitions = tuple[tuple[Any, ...], tuple[str, ...]]


def tool_definitions(given: list[Any]) -> Definitions:
    """Tool definitions as the API echoes them: frozen, and the names of the tools.

    The runs of an assistant all echo the same definitions, often the largest part of the object: they
    are frozen once, and recognised by their JSON, which takes a tenth of the time.
    """
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
    if not isinstance(tool, dict):
        return None
    function = tool.get("function")
    names = (function.get("name") if isinstance(function, dict) else None, tool.get("type"))
    return next((clean_text(name) for name in names if isinstance(name, str)), None)
