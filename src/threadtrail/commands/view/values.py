"""The form of values in the page: times in milliseconds, JSON as text, unknown values left out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

Object = dict[str, Any]
"""An object of the page's JSON."""

TOO_DEEP = json.dumps("(nested too deeply to be shown)")


def known(**fields: Any) -> Object:
    """Return the fields without those that are ``None``, ``False`` or empty; zeros are kept."""
    return {
        name: value
        for name, value in fields.items()
        if not (value is None or value is False or value in ("", (), [], {}))
    }


def milliseconds(nanoseconds: int | None) -> float | None:
    """Return a time or a duration in milliseconds, to the microsecond: JavaScript's numbers hold no more."""
    return None if nanoseconds is None else round(nanoseconds / 1_000_000, 3)


def json_text(value: Any) -> str:
    """Return a JSON value as text, which the page parses only when somebody opens it."""
    try:
        return to_json(value, fallback=str, inf_nan_mode="strings").decode()
    except ValueError:
        pass
    try:
        return json.dumps(value, default=str)
    except RecursionError:
        return TOO_DEEP


def field(value: Any) -> Any:
    """Return a setting or an attribute: text and numbers as they are, the rest as ``{"json": text}``."""
    if isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return {"json": json_text(value)}


def fields(values: Mapping[str, Any]) -> list[list[Any]]:
    """Return the pairs of a mapping as ``[name, value]``, without those that ``known`` leaves out."""
    return [[name, field(value)] for name, value in known(**values).items()]
