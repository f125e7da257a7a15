"""The interface of a source's reader, and what a reader may ask about the runs that are followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from threadtrail.recording.facts import Fact
    from threadtrail.recording.observation import OfCall
    from threadtrail.values import Message


class FollowedRun(Protocol):
    """The part of a followed run that a source may look at."""

    @property
    def id(self) -> str:
        """The run's id."""

    @property
    def thread_id(self) -> str | None:
        """The run's thread."""

    @property
    def input(self) -> tuple[Message, ...]:
        """The run's input, as far as it is known."""

    @property
    def input_listed(self) -> bool:
        """Whether its input was read from a list before."""

    @property
    def created_at_server(self) -> int:
        """When it was created by the server's clock (Unix nanoseconds)."""


class FollowedRuns(Protocol):
    """What a source may ask about the runs that are followed."""

    def get(self, run_id: str) -> FollowedRun | None:
        """Return the followed run of this id."""

    def on_thread(self, thread_id: str | None) -> Iterable[FollowedRun]:
        """Return the followed runs of a thread."""


class Reader(Protocol):
    """Reads the observations of one source; called in the recorder's thread."""

    def read(self, observation: OfCall) -> Iterable[Fact]:
        """Yield the facts; the recorder takes each one before it asks for the next."""

    def shrink(self, max_bytes: int, size: Callable[[Any], int]) -> None:
        """Forget the oldest of what is remembered between calls until the rest takes ``max_bytes`` at most.

        ``size`` returns the size of a value of the vocabulary, in bytes.
        """

    @property
    def forgotten(self) -> int:
        """How many things were forgotten for lack of room."""
