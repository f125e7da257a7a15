"""How values and names are put into error messages: short, helpful, and without secrets."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

SECRET_WORDS = ("key", "secret", "token", "password", "passwd", "credential", "auth", "header", "dsn")
"""An option whose name holds one of these is never printed."""

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 100


def is_secret(name: str) -> bool:
    """Whether a value of this name must not be printed."""
    return any(word in name.lower() for word in SECRET_WORDS)


def assigned(name: str, value: object) -> str:
    """Return ``name = value``, the value shortened; secrets are hidden, also inside a table."""
    return f"{name} = {_shown(name, value)}"


def assigned_unknown(name: str, value: object, meant: str | None) -> str:
    """Return ``name = value`` for a name that nobody knows.

    A misspelt name may be that of a secret: text is shown only if what was meant is known to be none.
    """
    risky = is_secret(meant) if meant else not isinstance(value, (bool, int, float))
    return f"{name} = (hidden)" if risky else assigned(name, value)


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant, if one is close enough."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    matches = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return by_lower[matches[0]] if matches else None


def did_you_mean(match: str | None) -> str:
    """Return the question as a sentence with a space before it, or nothing."""
    return f" Did you mean {match!r}?" if match else ""


def listed(names: Iterable[str]) -> str:
    """Return the names with commas between them, or ``none``."""
    return ", ".join(names) or "none"


def _shown(name: str, value: Any) -> str:
    if is_secret(name):
        return "(hidden)"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {_shown(str(key), item)}" for key, item in value.items()) + "}"
    return _SHORT.repr(value)
