"""Reads JSON values that may be malformed: one that is missing or of another type becomes ``None``.

Nothing here raises.
"""

from __future__ import annotations

from typing import Any

from threadtrail._frozen import clean_text, freeze
from threadtrail.values import EMPTY

SECOND = 1_000_000_000
LIMIT = 2**63
"""Numbers from here on are malformed: they do not fit into 64 bits with a sign, and no backend takes them."""
LATEST = LIMIT // SECOND
"""Times from here on are malformed; in Unix seconds."""


def mapping(value: Any) -> dict[str, Any]:
    """Return the value if it is a dict, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """Return the value if it is a list (or tuple), else an empty one."""
    return list(value) if isinstance(value, (list, tuple)) else []


def objects(value: Any) -> list[dict[str, Any]]:
    """Return the dicts of a list (or tuple); none of any other value."""
    if not value or not isinstance(value, (list, tuple)):
        return []
    return [item for item in value if isinstance(item, dict)]


def text_or_none(value: Any) -> str | None:
    """Return the value as valid text if it is text, else ``None``."""
    if isinstance(value, str):
        return value if value.isascii() else clean_text(value)
    return None


def texts(value: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return the fields of these names that are text, as valid text."""
    return {
        name: text if text.isascii() else clean_text(text)
        for name in names
        if isinstance(text := value.get(name), str)
    }


def number_or_none(value: Any) -> float | None:
    """Return the value if it is a finite number that a backend can take, else ``None``."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if number and -LIMIT < value < LIMIT else None


def nanoseconds(value: Any) -> int | None:
    """Return Unix seconds as nanoseconds; ``None`` if they are malformed or before 1970."""
    if value is None:  # most timestamps of an object are
        return None
    number = value if type(value) is int else number_or_none(value)
    return None if number is None or not 0 <= number < LATEST else int(number * SECOND)


def metadata(value: Any) -> Any:
    """Return the metadata of an object, frozen."""
    return freeze(value) if isinstance(value, dict) and value else EMPTY


def first_mapping(value: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return the first of these fields that is a dict, else an empty one."""
    for name in names:
        found = value.get(name)
        if isinstance(found, dict):
            return found
    return {}


def count(value: dict[str, Any], *names: str) -> int | None:
    """Return the first of these fields that is a number, 0 or more, as a whole number."""
    for name in names:
        number = value.get(name)
        if type(number) is not int:
            number = number_or_none(number)
        if number is not None and 0 <= number < LIMIT:
            return int(number)
    return None


def place(value: Any) -> int:
    """Return the value if it is an index into a list, else 0."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value < LIMIT else 0


def bool_or_none(value: Any) -> bool | None:
    """Return the value if it is true or false, else ``None``."""
    return value if isinstance(value, bool) else None
