"""What values an option may have, in the words of someone who configures and does not program."""

from __future__ import annotations

import enum
import inspect
import os
import types
import typing
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

PLAIN: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
}

OPAQUE = (Any, Annotated)
"""Classes in name only."""


def in_words(kind: Any) -> str | None:
    """Return what is allowed; None for a type whose values only its own checks can tell."""
    if kind in PLAIN:
        return PLAIN[kind]
    origin = get_origin(kind)
    if origin is Literal:
        return _either([repr(value) for value in get_args(kind) if value is not None], " or ")
    if origin in {typing.Union, types.UnionType}:
        members = [in_words(member) for member in get_args(kind) if member is not type(None)]
        words = [member for member in members if member is not None]
        return _either(words, ", or " if " or " in words[0] else " or ") if words == members else None
    return _class(origin or kind)


def _class(kind: Any) -> str | None:
    if not inspect.isclass(kind) or kind in OPAQUE or issubclass(kind, enum.Enum):
        return None
    if issubclass(kind, os.PathLike):
        return "a path"
    if issubclass(kind, Mapping):
        return "a table"
    if issubclass(kind, Collection):
        return "a list"
    # Models, dataclasses and the like are made of a table, and say themselves what is wrong with it.
    return None if getattr(kind, "__annotations__", None) else f"a value of type {kind.__name__}"


def _either(words: list[str], last: str) -> str:
    return last.join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
