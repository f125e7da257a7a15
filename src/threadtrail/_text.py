"""How names and values are written in messages: short, helpful, and without secrets."""

from __future__ import annotations

import re
import reprlib
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterable

SECRET_WORDS = ("key", "secret", "token", "password", "passwd", "credential", "auth", "header", "dsn")
"""A value whose name contains one of these is never printed."""

HIDDEN = "(hidden)"

# Escape characters, invisible direction marks, line separators: a terminal obeys them and does not show them.
_CONTROLS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")  # parts of emoji and of letters in some scripts


_BEGIN_OF_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")


class _Concealed:
    def __repr__(self) -> str:
        return HIDDEN


CONCEALED: Final = _Concealed()
"""Replaces a value that must not be shown, whatever its name."""

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 100


def escaped(text: str) -> str:
    """Return the text with control characters, line ends included, replaced by readable escapes.

    For text from outside (a file, a variable, a backend), before a log or a terminal gets it.
    """
    return text if text.isprintable() else "".join(map(_visible_character, text))


def escaped_lines(text: str) -> str:
    """Return the text as ``escaped`` does, but keep its lines."""
    return "\n".join(map(escaped, text.split("\n")))


def _visible_character(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _CONTROLS:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def is_secret(name: str) -> bool:
    """Return whether a value of this name must not be printed."""
    return any(word in name.lower() for word in SECRET_WORDS)


def is_address(value: object) -> TypeGuard[str]:
    """Return whether the value is the text of an address with a scheme, such as ``https://`` or ``redis://``."""
    return isinstance(value, str) and _BEGIN_OF_ADDRESS.match(value) is not None


def shown_address(address: str) -> str:
    """Return the address without possible secrets: user name, password and query."""
    from urllib.parse import urlsplit, urlunsplit  # noqa: PLC0415 - `import threadtrail` does without

    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:  # an unclosed bracket, or a port that is not a number
        return _after_login(address)
    # A slash in a password ends the supposed host; the rest of the password is then in the path.
    if port is not None and "@" in parts.path and "@" not in parts.netloc:
        return _after_login(address)
    host = parts.netloc.rpartition("@")[2]
    # The address of a socket has no host; `urlunsplit` would leave its slashes out.
    if not host and address.startswith(f"{parts.scheme}://"):
        return f"{parts.scheme}://{parts.path}"
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _after_login(address: str) -> str:
    return address.rpartition("@")[2].partition("?")[0]


def without_logins(text: str) -> str:
    """Return the words of a text, with each address in it as ``shown_address`` shows it."""
    return " ".join(_without_its_login(word) if "://" in word else word for word in text.split())


def _without_its_login(word: str) -> str:
    before, _, rest = word.partition("://")
    if "@" not in rest and "?" not in rest:
        return word
    return f"{before}://{shown_address(f'any://{rest}').removeprefix('any://')}"


def assigned(name: str, value: object) -> str:
    """Return ``name = value``, the value shortened; secrets are hidden, also in a table or an address."""
    return f"{name} = {_shown(name, value)}"


def assignment(name: str, value: object) -> str:
    """Return ``name=value`` as in a call, the value in full; secrets are hidden."""
    if is_secret(name):
        return f"{name}={HIDDEN}"
    return f"{name}={_without_login(value)!r}"


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant, if one is similar enough."""
    from difflib import get_close_matches  # noqa: PLC0415 - `import threadtrail` does without

    by_lower = {candidate.lower(): candidate for candidate in known}
    matches = get_close_matches(name.lower(), by_lower, n=1)
    return by_lower[matches[0]] if matches else None


def did_you_mean(match: str | None) -> str:
    """Return the question, or an empty text without a match."""
    return f"Did you mean {match!r}?" if match else ""


def listed(names: Iterable[str]) -> str:
    """Return the names with commas between them, or ``none``."""
    return ", ".join(names) or "none"


def sentences(*texts: str | None) -> str:
    """Return the texts with a space between them; empty ones are left out."""
    return " ".join(text for text in texts if text)


def _shown(name: str, value: Any) -> str:
    if is_secret(name):
        return HIDDEN
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {_shown(str(key), item)}" for key, item in value.items()) + "}"
    return _SHORT.repr(_without_login(value))


def _without_login(value: object) -> object:
    return shown_address(value) if is_address(value) else value
