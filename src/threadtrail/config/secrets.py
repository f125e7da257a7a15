"""Finds the secret texts among values, and removes them from the texts of others."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from threadtrail._text import HIDDEN, is_address, is_secret, shown_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SHORTEST = 4
"""The minimum number of characters: shorter texts are too likely parts of other words."""

SHORTEST_PART = 8
BETWEEN_PARTS = re.compile(r"[\s,;&]+|%20")
NAME_OF_PART = re.compile(r"^[\w-]+=(?=[^=])")


def secrets_among(values: Iterable[tuple[str, Any]]) -> list[str]:
    """Return the secret texts among values with their names, the longest first."""
    texts = {text for name, value in values for text in _secret_texts(name, value)}
    return sorted(texts, key=len, reverse=True)


def without(secrets: Iterable[str], text: str) -> str:
    """Return the text without the secrets."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text


def _secret_texts(name: str, value: Any) -> Iterator[str]:
    """Yield the secret texts: whole values, and parts such as ``abc`` of ``authorization=Bearer abc``."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _secret_texts(name if is_secret(name) else str(key), item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _secret_texts(name, item)
    elif is_secret(name):
        yield from _of_secret(name, value)
    elif is_address(value) and value != shown_address(value):
        yield value


def _of_secret(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.lstrip().startswith("{"):  # a table, as text of the environment
        yield from _secret_texts(name, _table(value))
    if isinstance(value, (str, int)) and not isinstance(value, bool) and len(str(value).strip()) >= SHORTEST:
        yield str(value).strip()
    if isinstance(value, str):
        parts = [NAME_OF_PART.sub("", part) for part in BETWEEN_PARTS.split(value)]
        yield from (part for part in parts if len(part) >= SHORTEST_PART)


def _table(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
