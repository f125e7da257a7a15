"""Runs what others wrote, for commands that report what came of it: also where it wants to exit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.delivery.guard import guard

if TYPE_CHECKING:
    from collections.abc import Callable


class ExitedError(Exception):
    """Code that was only to be imported or called has asked to end the process."""


def attempt(function: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Any, Exception | None]:
    """Return ``(result, None)`` or ``(None, error)``; ``SystemExit`` counts as an error like others."""
    result, error = guard.catch(_without_exit, function, *args, **kwargs)
    return result, error if isinstance(error, Exception) else None


def _without_exit(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return function(*args, **kwargs)
    except SystemExit as error:
        raise ExitedError(f"it exits with {error.code!r}") from error
