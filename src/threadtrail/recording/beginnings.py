"""Begins to follow runs, and takes up again those that were given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.recording.publishing import origin_of
from threadtrail.recording.runs import Common, RunRecord

if TYPE_CHECKING:
    from threadtrail.recording.ends import Ends
    from threadtrail.recording.facts import RunSeen
    from threadtrail.recording.groups import Groups
    from threadtrail.recording.linking import Linking
    from threadtrail.recording.links import InChain
    from threadtrail.recording.publishing import Publish
    from threadtrail.recording.runs import RunKey
    from threadtrail.recording.sharing import Shared
    from threadtrail.recording.store import RunStore
    from threadtrail.values import Carried


class Beginnings:
    """Makes the records of runs. ``now`` is in ``time.monotonic()`` seconds."""

    def __init__(
        self, publish: Publish, runs: RunStore, groups: Groups, linking: Linking, shared: Shared
    ) -> None:
        self._common = Common(publish, linking.tools, shared)
        self._runs = runs
        self._groups = groups
        self._linking = linking

    def begin(self, key: RunKey, seen: RunSeen, ends: Ends, now: float) -> RunRecord | None:
        """Return the record of a run that is not followed; ``None`` if it is history."""
        record = self._taken_back(key, now)
        if record is not None:
            return record
        given_up = self._runs.given_up(key)
        if given_up is None and ends.ownership.is_history(seen):
            return None
        return self._first_seen(seen, given_up, ends, now)

    def _taken_back(self, key: RunKey, now: float) -> RunRecord | None:
        """Return the record of a run that was given up unfinished and is seen again."""
        record = self._runs.take_back(key)
        if record is not None:
            record.reopen()
            self._groups.run_began(record)
            self._linking.turns.begin(record, now)
        return record

    def _first_seen(self, seen: RunSeen, given_up: InChain | None, ends: Ends, now: float) -> RunRecord:
        call = seen.call
        created = call.operation.creates_run
        record = RunRecord(seen, origin_of(call), self._common, created_here=created)
        if given_up is not None:
            # It was published as unfinished, and its record was evicted since then.
            record.published_unfinished, record.chain = True, given_up
        self._linking.begin(record, seen, now)
        record.id_reused = self._runs.reuses_id(record.key, created=created)
        if ends.fetches_details:
            record.connection = call.client, call.loop
        self._groups.run_began(record)
        return record

    def adopt(self, record: RunRecord, seen: RunSeen, now: float) -> None:
        """See that the run was created here, after another look at it was read first."""
        self._groups.run_ended(record)
        record.adopt(seen)
        self._groups.run_began(record)
        self._linking.begin(record, seen, now)
        record.chain.session_key = None

    def restore(self, record: RunRecord, carried: Carried) -> None:
        """Take what the creator passed on with the run, which may put it into another trace and session."""
        self._groups.run_ended(record)
        record.restore(carried)
        self._groups.run_began(record)
        record.chain.session_key = None
