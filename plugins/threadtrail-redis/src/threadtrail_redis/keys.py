"""The keys in Redis: all begin with one prefix, so that several fleets can share a database."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keys:
    """The names of the keys of one fleet."""

    prefix: str

    @property
    def streams(self) -> str:
        """The number of streams: the first process that writes sets it, and the others use it."""
        return f"{self.prefix}:streams"

    def stream(self, number: int) -> str:
        """Return the key of a stream: the events of the runs that belong to it."""
        return f"{self.prefix}:events:{number}"

    def sender(self, sender: str) -> str:
        """Return the key of the last batch of a sender, so that a repeated one is not appended again."""
        return f"{self.prefix}:sender:{sender}"

    @property
    def collectors(self) -> str:
        """The running collectors, each with the time until which it counts as running."""
        return f"{self.prefix}:collectors"

    @property
    def owners(self) -> str:
        """Which collector owns each stream, or owned it last."""
        return f"{self.prefix}:owners"

    def lease(self, number: int) -> str:
        """Return the key of a stream's lease: its owner; the key expires."""
        return f"{self.prefix}:lease:{number}"

    def attempts(self, number: int) -> str:
        """Return the key of how often each unacknowledged entry of a stream was given to the exporters."""
        return f"{self.prefix}:attempts:{number}"

    @property
    def dead(self) -> str:
        """The dead letters: events that could not be delivered, each with the reason."""
        return f"{self.prefix}:dead"

    @property
    def dead_count(self) -> str:
        """The number of dead letters so far."""
        return f"{self.prefix}:dead:count"

    @property
    def calls(self) -> str:
        """The beginning of the keys that hold the turn of a tool call."""
        return f"{self.prefix}:call:"

    @property
    def published(self) -> str:
        """The beginning of the keys that mark a run as published."""
        return f"{self.prefix}:published:"

    @property
    def probe(self) -> str:
        """The key that ``doctor`` writes, and removes in the same step."""
        return f"{self.prefix}:probe"
