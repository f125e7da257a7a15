"""What the recorder keeps is bounded by size, too: it is measured each time some more was read."""

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
"""How much is read between two measurements, which cost more the more is kept: 16 MiB."""

OPEN_RUNS_BYTES = 268_435_456
"""The maximum size of the runs that are followed: 256 MiB. What is over it is published as it stands."""

SET_ASIDE_BYTES = 67_108_864
"""The maximum size of the runs that were published as unfinished, and may finish yet: 64 MiB."""

OPEN_CALLS_BYTES = 67_108_864
"""The maximum size of runs that were published, and some of whose calls may be answered yet: 64 MiB."""

TURNS_BYTES = 67_108_864
"""The maximum size of the published runs of turns that are not over: 64 MiB."""

SESSIONS_BYTES = 67_108_864
"""The maximum size of what shows which input of a session was sent before: 64 MiB."""

REMEMBERED_BYTES = 67_108_864
"""The maximum size of what readers remember between calls, of all servers together: 64 MiB."""

SHARED_BYTES = 16_777_216
"""The maximum size of what many runs share, such as the request of an assistant's runs: 16 MiB."""

EARLY_ANSWERS_BYTES = 16_777_216
"""The maximum size of submitted outputs whose run was not seen yet: 16 MiB."""


class Room:
    """Measures what is kept of runs and between calls, and makes room for more: the oldest goes first."""

    def __init__(self, following: Following, readers: Bounded[Server, Reader]) -> None:
        self._following = following
        self._readers = readers
        self._read = 0
        self._open_runs = 0

    def take(self, observation: Observation) -> None:
        """Note that an observation was read; measure if it is time to."""
        self._read += size_of_observation(observation)
        if self._read >= MEASURE_EVERY_BYTES:
            self._read = 0
            self.make()

    def make(self) -> None:
        """Forget what is over the bounds."""
        following = self._following
        for record in following.runs.over(OPEN_RUNS_BYTES):
            following.publish_end(record)
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
        """How much was forgotten for lack of room, by what it was."""
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
