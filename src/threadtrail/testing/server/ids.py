"""Ids that look like the API's and repeat exactly when the seed is the same."""

from __future__ import annotations

import hashlib
import secrets
import string
from collections import Counter

_ALPHABET = string.digits + string.ascii_letters
_LENGTH = 24


class Ids:
    """Makes ids; each prefix counts on its own, so one kind does not shift another."""

    def __init__(self, seed: str | None = None) -> None:
        self._seed = seed if seed is not None else secrets.token_hex(8)
        self._counts: Counter[str] = Counter()

    def new(self, prefix: str) -> str:
        """Return the next id of this kind, for example `run_` and 24 letters or digits."""
        return prefix + _letters(self._next(prefix))

    def request_id(self) -> str:
        """Return the next value of the `x-request-id` header."""
        return f"req_{self._next('req_'):032x}"[:36]

    def _next(self, prefix: str) -> int:
        self._counts[prefix] += 1
        text = f"{self._seed}:{prefix}:{self._counts[prefix]}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:20])


def _letters(number: int) -> str:
    letters = []
    for _ in range(_LENGTH):
        number, remainder = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[remainder])
    return "".join(letters)
