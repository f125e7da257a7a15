"""Bounds the memory of what the recorder keeps: measures it from time to time, and forgets the oldest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.delivery.sizes import size_of
from threadtrail.recording.inbox import size_of as size_of_observation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from threadtrail.recording.bounded import Bounded
    from threadtrail.recording.following import Following
    from threadtrail.recording.observation import Observation
    from threadtrail.recording.publishing import Server
    from threadtrail.recording.reading import Reader

MEASURE_EVERY_BYTES = 16_777_216
"""How much is read between two measurements, which take longer the more is kept: 16 MiB."""

OPEN_RUNS_BYTES = 268_435_456
"""The maximum size of the runs that are followed: 256 MiB. Above it, the oldest are published as they are."""

SET_ASIDE_BYTES = 67_108_864
"""The maximum size of runs that were published as unfinished and may still finish: 64 MiB."""

OPEN_CALLS_BYTES = 67_108_864
"""The maximum size of published runs with calls that may still be answered: 64 MiB."""

TURNS_BYTES = 67_108_864
"""The maximum size of the published runs of open turns: 64 MiB."""

SESSIONS_BYTES = 67_108_864
"""The maximum size of the marks that show which input of a session was sent before: 64 MiB."""

REMEMBERED_BYTES = 67_108_864
"""The maximum size of what readers remember between calls, for all servers together: 64 MiB."""

SHARED_BYTES = 16_777_216
"""The maximum size of values that many runs share, such as the request of an assistant's runs: 16 MiB."""

EARLY_ANSWERS_BYTES = 16_777_216
"""The maximum size of submitted outputs whose run was not seen yet: 16 MiB."""


class Room:
    """Measures what is kept of runs and between calls, and forgets the oldest if it is too much."""

    def __init__(self, following: Following, readers: Bounded[Server, Reader]) -> None:
        self._following = following
        self._readers = readers
        self._read = 0
        self._open_runs = 0

    def take(self, observation: Observation) -> None:
        """Note that an observation was read; measure if enough was read since the last time."""
        self._read += size_of_observation(observation)
        if self._read >= MEASURE_EVERY_BYTES:
            self._read = 0
            self.make()

    def make(self) -> None:
        """Forget what exceeds the bounds."""
        following = self._following
        for record in following.runs.over(OPEN_RUNS_BYTES):
            following.ends.publish(record)
            self._open_runs += 1
        following.runs.set_aside.shrink(SET_ASIDE_BYTES, lambda record: size_of(record.kept))
        following.early_answers.shrink(EARLY_ANSWERS_BYTES, size_of)
        following.shared.shrink(SHARED_BYTES, size_of)
        linking = following.linking
        linking.chains.shrink(OPEN_CALLS_BYTES, size_of)
        linking.turns.shrink(TURNS_BYTES, size_of)
        linking.sessions.shrink(SESSIONS_BYTES)
        readers = self._readers.values()
        for reader in readers:
            reader.shrink(REMEMBERED_BYTES // len(readers), size_of)

    @property
    def forgotten(self) -> Mapping[str, int]:
        """How many things were forgotten for lack of room, by kind."""
        following, linking = self._following, self._following.linking
        return {
            "runs published early": self._open_runs,
            "unfinished runs": following.runs.set_aside.forgotten,
            "submitted outputs": following.early_answers.forgotten,
            "calls without outputs": linking.chains.forgotten,
            "turns ended early": linking.turns.forgotten,
            "input of sessions": linking.sessions.forgotten,
            "messages and assistants": sum(reader.forgotten for reader in self._readers.values()),
        }
