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
    def collectors(self) -> str:
        """The collectors that are there, each with the time until which it is taken to be."""
        return f"{self.prefix}:collectors"

    @property
    def owners(self) -> str:
        """Which collector owns each stream, or owned it last."""
        return f"{self.prefix}:owners"

    def lease(self, number: int) -> str:
        """Who holds the lease of a stream; it goes away by itself."""
        return f"{self.prefix}:lease:{number}"

    def attempts(self, number: int) -> str:
        """How often entries of a stream were given to the exporters without an acknowledgement after it."""
        return f"{self.prefix}:attempts:{number}"

    @property
    def dead(self) -> str:
        """The dead letters: events that could not be delivered, each with the reason."""
        return f"{self.prefix}:dead"

    @property
    def dead_count(self) -> str:
        """How many dead letters there have been."""
        return f"{self.prefix}:dead:count"

    @property
    def calls(self) -> str:
        """How the keys begin that say which turn a tool call belongs to."""
        return f"{self.prefix}:call:"

    @property
    def published(self) -> str:
        """How the keys begin that say of a run that it was published."""
        return f"{self.prefix}:published:"

    @property
    def probe(self) -> str:
        """What ``doctor`` writes to, and removes in the same step."""
        return f"{self.prefix}:probe"
