"""Makes one value from several sightings of the same thing: the best one, completed by the others."""

from __future__ import annotations

from dataclasses import MISSING, fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

Value = TypeVar("Value")


def filled(best: Value, others: Sequence[Value], *, but: frozenset[str] = frozenset()) -> Value:
    """Return the best sighting, with each field that it lacks taken from the first of the others that has it.

    A field with its default counts as lacking. The fields of ``but`` are not changed.
    """
    missing = {name for name, default in _defaults(best) if getattr(best, name) == default} - but
    found: dict[str, Any] = {}
    for other in others:
        for name, default in _defaults(best):
            if name in missing and name not in found and getattr(other, name) != default:
                found[name] = getattr(other, name)
    value: Any = best
    return replace(value, **found) if found else best


def amount(value: Any) -> int:
    """Return the number of fields that are set; of two sightings, the one with more is more complete."""
    return sum(getattr(value, name) != default for name, default in _defaults(value))


def _defaults(value: Any) -> tuple[tuple[str, Any], ...]:
    return _defaults_of(type(value))  # type: ignore[arg-type]  # mypy does not take a class as hashable


@cache
def _defaults_of(cls: Any) -> tuple[tuple[str, Any], ...]:
    return tuple(
        (each.name, each.default if each.default is not MISSING else None)
        for each in fields(cls)
        if each.init and each.default_factory is MISSING
    )


def earliest(times: Sequence[int | None]) -> int | None:
    """Return the earliest known time."""
    return min((time for time in times if time is not None), default=None)


class Tie:
    """Decides an order if nothing else does, always in the same way: by all fields of a value."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def __lt__(self, other: Tie) -> bool:
        return repr(self._value) < repr(other._value)
