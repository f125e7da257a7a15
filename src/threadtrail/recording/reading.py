"""What a source reads observations with, and what it may ask of the runs that are followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from threadtrail.recording.facts import Fact
    from threadtrail.recording.observation import OfCall
    from threadtrail.values import Message


class FollowedRun(Protocol):
    """What a source may look at of a run that is followed."""

    @property
    def id(self) -> str:
        """The run's id."""

    @property
    def thread_id(self) -> str | None:
        """The run's thread."""

    @property
    def input(self) -> tuple[Message, ...]:
        """What is known of what it has to answer."""

    @property
    def input_listed(self) -> bool:
        """Whether its input was read off a list before."""

    @property
    def created_at_server(self) -> int:
        """When the server says that it was created (Unix nanoseconds)."""


class FollowedRuns(Protocol):
    """What a source may ask of the runs that are followed."""

    def get(self, run_id: str) -> FollowedRun | None:
        """Return the followed run of this id."""

    def on_thread(self, thread_id: str | None) -> Iterable[FollowedRun]:
        """Return the followed runs of a thread."""


class Reader(Protocol):
    """Reads the observations of one source; called in the recorder's thread."""

    def read(self, observation: OfCall) -> Iterable[Fact]:
        """Yield the facts; each is taken before the next is asked for."""

    def shrink(self, max_bytes: int, size: Callable[[Any], int]) -> None:
        """Forget the oldest of what is remembered between calls, until the rest takes ``max_bytes`` at most.

        ``size`` measures a value of the vocabulary.
        """

    @property
    def forgotten(self) -> int:
        """How much was forgotten for lack of room."""
