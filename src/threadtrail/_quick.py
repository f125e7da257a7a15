"""Constructing and changing frozen dataclasses, in a fraction of the time that ``dataclasses`` takes."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")

_setters: dict[type, dict[str, Any]] = {}
"""The setters of the slots of each class that is constructed quickly, by the names of its fields."""

_copies: dict[type, Callable[[Any, dict[str, Any]], Any]] = {}
"""For each class of which a value was changed: returns a copy of one, with some fields changed."""


def construct_quickly(*classes: Any) -> None:
    """Replace the ``__init__`` of frozen dataclasses with slots by one that does the same.

    The one that ``dataclass`` makes sets each field by its name, with ``object.__setattr__``; this one
    uses the setter of each slot. A run of nine calls makes some thirty such values.
    """
    for cls in classes:
        setters = {field.name: getattr(cls, field.name).__set__ for field in fields(cls)}
        _setters[cls] = setters
        cls.__init__ = _quick_init(cls, setters)


def changed(value: Value, **changes: Any) -> Value:
    """Return the value with these fields, as ``dataclasses.replace`` does; itself if it has them already."""
    for name, new in changes.items():
        if getattr(value, name) is not new:
            break
    else:
        return value
    cls = type(value)
    copy = _copies.get(cls)
    if copy is None:
        copy = _copies[cls] = _quick_copy(cls, _setters[cls]) if cls in _setters else _replaced
    other: Value = copy(value, changes)
    return other


def _replaced(value: Any, changes: dict[str, Any]) -> Any:
    return replace(value, **changes)


def _quick_init(cls: Any, setters: dict[str, Any]) -> Any:
    made = cls.__init__
    lines = [f" set_{name}(self, {name})" for name in setters]
    quick = _function(f"__init__(self, *, {', '.join(setters)})", lines, setters)
    quick.__kwdefaults__ = made.__kwdefaults__
    quick.__annotations__ = made.__annotations__
    quick.__module__, quick.__qualname__ = made.__module__, made.__qualname__
    return quick


def _quick_copy(cls: type, setters: dict[str, Any]) -> Any:
    lines = [
        " copy = new(cls)",
        *(f" set_{name}(copy, value.{name})" for name in setters),
        " for name in changes:",
        "  setters[name](copy, changes[name])",
        " return copy",
    ]
    return _function("copy(value, changes)", lines, setters, cls=cls, new=object.__new__)


def _function(signature: str, lines: list[str], setters: dict[str, Any], **names: Any) -> Any:
    """Return a function of this source, which may set a field ``x`` by ``set_x`` or ``setters["x"]``."""
    namespace = {f"set_{name}": setter for name, setter in setters.items()} | {"setters": setters} | names
    exec("\n".join([f"def {signature}:", *lines]), namespace)  # noqa: S102 - fields' names, as `dataclass` does
    return namespace[signature.partition("(")[0]]
