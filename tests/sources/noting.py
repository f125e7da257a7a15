"""Where the reader of a stream puts what it notes, and what it does not keep."""

from __future__ import annotations

from typing import Any


class Notes:
    def __init__(self) -> None:
        self.unkept_pieces = 0

    def note(self, name: str, data: Any) -> None:
        """Not looked at."""

    def first_output(self) -> None:
        """Not looked at."""

    def unkept(self) -> None:
        self.unkept_pieces += 1
