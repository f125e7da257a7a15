"""Find which fields of a class hold content, and which may hold values with content; once per class."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable
from operator import attrgetter
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from threadtrail._frozen import AsJson


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """How to walk one dataclass.

    ``content``: names of the fields marked ``CONTENT``. ``nested``: names of the other fields whose values
    may hold content further down. ``describes_data``: whether it has ``media_type`` and ``size_bytes``, which
    describe a data URL that was left out. ``values`` returns the values of both kinds of fields, as a tuple.
    """

    content: tuple[str, ...]
    nested: tuple[str, ...]
    describes_data: bool
    fields: dict[str, dataclasses.Field[Any]]
    values: Callable[[object], tuple[object, ...]]

    def default(self, name: str) -> Any:
        """Return the default of a content field.

        Raises:
            TypeError: the field has no default, so its content cannot be left out.
        """
        field = self.fields[name]
        if field.default is not dataclasses.MISSING:
            return field.default
        if field.default_factory is not dataclasses.MISSING:
            return field.default_factory()
        raise TypeError(f"the content field {name!r} needs a default")


class _Plans(dict[type, Plan]):
    """The plan of each class that was asked for."""

    def __missing__(self, cls: type) -> Plan:
        plan = self[cls] = _make_plan(cls)
        return plan


plan_of: Callable[[type], Plan] = _Plans().__getitem__
"""Returns the plan for a dataclass; for any other type, a plan without fields."""


def _make_plan(cls: type) -> Plan:
    if not dataclasses.is_dataclass(cls):
        return Plan(content=(), nested=(), describes_data=False, fields={}, values=_getter(()))
    fields = {field.name: field for field in dataclasses.fields(cls)}
    content = tuple(name for name, field in fields.items() if field.metadata.get("content"))
    hints = _hints(cls)
    nested = tuple(
        name for name in fields if name not in content and _may_hold_content(hints.get(name, Any), {cls})
    )
    return Plan(
        content=content,
        nested=nested,
        describes_data={"media_type", "size_bytes"} <= fields.keys(),
        fields=fields,
        values=_getter(content + nested),
    )


def _getter(names: tuple[str, ...]) -> Callable[[object], tuple[object, ...]]:
    """Return a function that returns the values of these attributes."""
    if not names:
        return lambda _value: ()
    if len(names) == 1:
        get_one = attrgetter(names[0])
        return lambda value: (get_one(value),)
    get_all: Callable[[object], tuple[object, ...]] = attrgetter(*names)
    return get_all


def _hints(cls: type) -> dict[str, Any]:
    try:
        return get_type_hints(cls, include_extras=True)
    except (NameError, TypeError):  # a class with annotations that only a type checker can resolve
        return {}


def _may_hold_content(hint: Any, seen: set[type]) -> bool:
    """Return whether a value of this type can be a dataclass with content, or hold one in a tuple."""
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *extras = get_args(hint)
        return not any(isinstance(extra, AsJson) for extra in extras) and _may_hold_content(inner, seen)
    if origin is typing.Literal:
        return False
    if origin is not None:  # a union, a tuple, a mapping
        return any(_may_hold_content(argument, seen) for argument in get_args(hint))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _class_may_hold_content(hint, seen)
    return hint is Any or hint is object


def _class_may_hold_content(cls: type, seen: set[type]) -> bool:
    if cls in seen:
        return False
    hints = _hints(cls)
    return any(
        field.metadata.get("content") or _may_hold_content(hints.get(field.name, Any), seen | {cls})
        for field in dataclasses.fields(cls)
    )
