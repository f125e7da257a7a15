"""Walk over the content of an event of any class, at any depth, by the ``CONTENT`` mark of its fields.

A walk returns the identical object where nothing changes, so an event that needs no change is not copied.
It goes through dataclasses and tuples of them, and within content through JSON values and
their keys.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

from threadtrail._frozen import FrozenDict
from threadtrail.delivery.plans import plan_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.delivery.plans import Plan

    ContentChange = Callable[[object, Plan], dict[str, Any] | None]

Value = TypeVar("Value")


def walk(value: Value, change: ContentChange) -> Value:
    """Return ``value`` with ``change`` applied to it and to all dataclasses within.

    ``change`` gets each object that has content, with its plan, and returns the fields to replace.
    """
    if isinstance(value, (tuple, list)):
        walked: Any = map_items(value, lambda item: walk(item, change))
        return walked  # type: ignore[no-any-return]  # a sequence, as `value` is
    plan = plan_of(type(value))
    changes = change(value, plan) if plan.content else None
    for name in plan.nested:
        old = getattr(value, name)
        if not old:
            continue
        new = walk(old, change)
        if new is not old:
            changes = changes or {}
            changes[name] = new
    if not changes:
        return value
    replaced: Any = dataclasses.replace(value, **changes)  # type: ignore[type-var]  # only those have a plan
    return replaced  # type: ignore[no-any-return]  # of the same class as `value`


def drop_content(value: object, plan: Plan) -> dict[str, Any] | None:
    """Set every content field back to its default."""
    changes = None
    for name in plan.content:
        default = plan.default(name)
        if getattr(value, name) != default:
            changes = changes or {}
            changes[name] = default
    return changes


def map_texts(value: Any, text: Callable[[str], str]) -> Any:
    """Return a JSON value with ``text`` applied to each string in it, keys included."""
    if isinstance(value, str):
        return text(value)
    if not value:
        return value
    if isinstance(value, dict):
        return _map_object(value, text)
    if isinstance(value, (tuple, list)):
        return map_items(value, lambda item: map_texts(item, text))
    return value


def _map_object(value: dict[Any, Any], text: Callable[[str], str]) -> dict[Any, Any]:
    """Return the object with new keys and values; keys that become equal are numbered, to lose none."""
    changed = False
    mapped: dict[Any, Any] = {}
    numbers: Counter[str] = Counter()
    for key, item in value.items():
        new_key = text(key) if isinstance(key, str) else key  # other packages may use other keys
        new_item = map_texts(item, text)
        changed = changed or new_key is not key or new_item is not item
        unique = new_key
        while unique in mapped:
            numbers[new_key] += 1
            unique = f"{new_key} ({numbers[new_key] + 1})"
        mapped[unique] = new_item
    return FrozenDict(mapped) if changed else value


def map_items(items: Any, function: Callable[[Any], Any]) -> Any:
    """Return a tuple of ``function(item)`` for each item, or ``items`` itself if none changes."""
    changed: list[Any] | None = None
    for index, item in enumerate(items):
        new = function(item)
        if new is not item:
            changed = changed or list(items)
            changed[index] = new
    return items if changed is None else tuple(changed)
