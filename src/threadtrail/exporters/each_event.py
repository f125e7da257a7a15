"""Export each event of a batch by itself, so that one that cannot be exported does not lose the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from threadtrail._guard import describe, guard
from threadtrail.errors import EventsLostError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["each"]

Item = TypeVar("Item")
Made = TypeVar("Made")


def each(
    items: Iterable[Item], function: Callable[[Item], Made]
) -> tuple[list[Made], EventsLostError | None]:
    """Return the function's results for the items, and the error to raise if it raised for some of them.

    Export the results first, then raise the error.
    """
    made: list[Made] = []
    errors: list[BaseException] = []
    for item in items:
        result, error = guard.catch(function, item)
        if error is None:
            made.append(result)
        else:
            errors.append(error)
    if not errors:
        return made, None
    whole = len(made) + len(errors)
    lost = EventsLostError(
        f"{len(errors)} of {whole} events could not be exported: {describe(errors[0])}", lost=len(errors)
    )
    lost.__cause__ = errors[0]
    return made, lost
