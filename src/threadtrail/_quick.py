"""Constructing and changing frozen dataclasses, in a fraction of the time that ``dataclasses`` takes.

A frozen object is filled by a function call for each field, which is slow. Here it is filled while it is of
another class, its twin, which has the same slots and is not frozen: a plain assignment sets each field.
"""

from __future__ import annotations

import sys
from dataclasses import fields, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")

_twins: dict[type, type | None] = {}
"""The twin of each class that is constructed quickly; it is made with the first value."""

_copies: dict[type, Callable[[Any, dict[str, Any]], Any]] = {}
"""For each class of which a value was changed: returns a copy of one, with some fields changed."""

_set_class = object.__dict__["__class__"].__set__
"""Sets the class of a frozen object."""


def construct_quickly(*classes: Any) -> None:
    """Replace the ``__init__`` of frozen dataclasses with slots by a faster one that does the same.

    A run of nine calls makes some thirty such values. In a Python without the interpreter lock nothing is
    replaced: there, all threads stop while an object changes its class.
    """
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return
    for cls in classes:
        _twins[cls] = None
        cls.__init__ = _first_init(cls, cls.__init__)


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
        copy = _copies[cls] = _quick_copy(cls) if cls in _twins else _replaced
    other: Value = copy(value, changes)
    return other


def _replaced(value: Any, changes: dict[str, Any]) -> Any:
    return replace(value, **changes)


def _twin(cls: Any) -> type:
    twin = _twins[cls]
    if twin is None:
        # Both methods: the interpreter takes its fast path only if neither is written in Python.
        thawed = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
        twin = _twins[cls] = type(cls.__name__, cls.__bases__, {"__slots__": cls.__slots__, **thawed})
    return twin


def _first_init(cls: Any, made: Any) -> Any:
    """Return an ``__init__`` that replaces itself, since most programs construct values of few classes."""

    @wraps(made)
    def init(self: object, **given: object) -> None:
        cls.__init__ = quick = _quick_init(cls, made)
        quick(self, **given)

    return init


def _quick_init(cls: Any, made: Any) -> Any:
    names = [field.name for field in fields(cls)]
    lines = [
        " if self.__class__ is not cls:",  # a subclass may have other slots
        f"  return made(self, {', '.join(f'{name}={name}' for name in names)})",
        " set_class(self, twin)",
        *(f" self.{name} = {name}" for name in names),
        " self.__class__ = cls",
    ]
    signature = f"__init__(self, *, {', '.join(names)})"
    quick = _function(signature, lines, cls=cls, twin=_twin(cls), made=made, set_class=_set_class)
    quick.__kwdefaults__ = made.__kwdefaults__
    quick.__annotations__ = made.__annotations__
    quick.__module__, quick.__qualname__ = made.__module__, made.__qualname__
    return quick


def _quick_copy(cls: Any) -> Any:
    lines = [
        " copy = new(twin)",
        *(f" copy.{field.name} = value.{field.name}" for field in fields(cls)),
        " for name in changes:",
        "  setattr(copy, name, changes[name])",
        " copy.__class__ = cls",
        " return copy",
    ]
    return _function("copy(value, changes)", lines, cls=cls, twin=_twin(cls), new=object.__new__)


def _function(signature: str, lines: list[str], **names: Any) -> Any:
    """Return a function made of this source, which may use these names."""
    exec("\n".join([f"def {signature}:", *lines]), names)  # noqa: S102 - fields' names, as `dataclass` does
    return names[signature.partition("(")[0]]
