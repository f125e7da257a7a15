"""Makes one value from several sightings of the same thing: the best one, completed by the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from functools import cache
from operator import attrgetter, ne
from typing import TYPE_CHECKING, Any, TypeVar

from threadtrail._quick import changed

if TYPE_CHECKING:
    from collections.abc import Sequence

Value = TypeVar("Value")


def filled(best: Value, others: Sequence[Value], *, but: frozenset[str] = frozenset()) -> Value:
    """Return the best sighting, with each field that it lacks taken from the first of the others that has it.

    A field with its default counts as lacking. The fields of ``but`` are not changed.
    """
    if not others:
        return best
    optional = _optional_of(best)
    found: dict[str, Any] = {}
    for name, value, default in zip(optional.names, optional.values(best), optional.defaults, strict=True):
        if value == default and name not in but:
            said = (each for other in others if (each := getattr(other, name)) != default)
            found[name] = next(said, default)
    return changed(best, **found)


def amount(value: Any) -> int:
    """Return how many fields are set; of two sightings, the one with more is more complete."""
    optional = _optional_of(value)
    return sum(map(ne, optional.values(value), optional.defaults))


def earliest(times: Sequence[int | None]) -> int | None:
    """Return the earliest known time."""
    return min((time for time in times if time is not None), default=None)


class Tie:
    """Decides an order if nothing else does, always in the same way: by the first field that differs."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def __lt__(self, other: Tie) -> bool:
        one, two = self._value, other._value
        if one is two:
            return False
        if type(one) is not type(two):
            return repr(one) < repr(two)
        values = _all_of(one).values
        for mine, theirs in zip(values(one), values(two), strict=True):
            if mine is not theirs and mine != theirs and (text := repr(mine)) != (its_text := repr(theirs)):
                return text < its_text
        return False


@dataclass(frozen=True, slots=True)
class _Fields:
    """Fields of a class, what they are if they are left out, and a function that reads them all at once."""

    names: tuple[str, ...]
    defaults: tuple[Any, ...]
    values: Callable[[Any], tuple[Any, ...]]


def _all_of(value: Any) -> _Fields:
    kind: Any = type(value)
    return _fields(kind, optional=False)


def _optional_of(value: Any) -> _Fields:
    """Return the fields that may be left out, or may be None."""
    kind: Any = type(value)
    return _fields(kind, optional=True)


@cache
def _fields(cls: Any, *, optional: bool) -> _Fields:
    found = [
        each for each in fields(cls) if each.init and not (optional and each.default_factory is not MISSING)
    ]
    names = tuple(each.name for each in found)
    defaults = tuple(each.default if each.default is not MISSING else None for each in found)
    return _Fields(names, defaults, attrgetter(*names))
