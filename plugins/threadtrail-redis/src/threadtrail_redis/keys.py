"""The keys in Redis: all begin with one prefix, so that several fleets can share a database."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keys:
    """The names of the keys of one fleet."""

    prefix: str

    @property
    def streams(self) -> str:
        """How many streams there are: the first process that writes says it, and the others keep to it."""
        return f"{self.prefix}:streams"

    def stream(self, number: int) -> str:
        """The events of the runs that fall to this stream."""
        return f"{self.prefix}:events:{number}"

    def sender(self, sender: str) -> str:
        """Which batch of a sender was appended last, so that a repeated one is not appended again."""
        return f"{self.prefix}:sender:{sender}"

    @property
    def probe(self) -> str:
        """What ``doctor`` writes to, and removes in the same step."""
        return f"{self.prefix}:probe"
