"""When runs are published: as soon as nothing of them is missing, or when waiting for more is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.recording.bounded import Bounded
from threadtrail.recording.ownership import Ownership
from threadtrail.recording.phases import Settling
from threadtrail.recording.whole_run import publish_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.recording.groups import Groups
    from threadtrail.recording.linking import Linking
    from threadtrail.recording.runs import RunKey, RunRecord
    from threadtrail.recording.store import RunStore
    from threadtrail.values import Failure

DROPPED_STREAM_SECONDS = 60.0
"""How long a run waits for another look after the app left its stream early; then it is published."""

UNFINISHED_NAMED = 100
"""The maximum number of background runs without an end whose ids are kept for the status."""


class Ends:
    """Waits for what may follow of a run, publishes it, and stops following it; for one thread at a time.

    ``now`` is in ``time.monotonic()`` seconds everywhere, and only decides when to stop waiting. The
    attribute ``now`` is the time of the latest observation or ``tick``. ``ownership`` decides which runs are
    published. ``fetches_details`` is whether the details of runs may be fetched, which takes the client of
    the call by which a run was first seen.
    """

    def __init__(self, runs: RunStore, linking: Linking, groups: Groups) -> None:
        self._runs = runs
        self._linking = linking
        self._groups = groups
        self._unfinished: Bounded[RunKey, str] = Bounded(UNFINISHED_NAMED)
        self.now: float = 0.0
        self.fetches_details: bool = False

    def configure(  # noqa: PLR0913 - a keyword per setting
        self,
        *,
        settle_seconds: float,
        run_timeout_seconds: float,
        max_open_runs: int,
        tool_wait_seconds: float = 0.0,
        publish_runs: str = "all",
        on_end: Callable[[RunRecord], bool] | None = None,
    ) -> None:
        """Set the times to wait and the bounds, before the first fact or between two of them.

        The arguments are the settings of these names. ``on_end``, if given, is called once for each run that
        ended with something missing, and returns whether that is being fetched.
        """
        self._settle = settle_seconds
        self._patience = run_timeout_seconds
        self._tool_wait = min(tool_wait_seconds, run_timeout_seconds)
        self._runs.max_open = max_open_runs
        self._linking.turns.patience, self._linking.turns.retry_seconds = self._patience, self._tool_wait
        self.ownership: Ownership = Ownership(publish_runs, run_timeout_seconds)
        self._on_end = on_end or (lambda _record: False)
        self.fetches_details = on_end is not None

    def see_more(self, record: RunRecord, now: float) -> None:
        """Keep a run of which something new was seen, or publish it if it is complete."""
        self._runs.touch(record, now)
        if record.complete:
            if not self._waits_for_outputs(record, now):
                self.publish(record)
        elif record.ended and record.settling.began is None and not record.looking:
            record.settling = Settling(now)
            fetching = self._on_end(record)
            record.settling = Settling(now, fetching)
            self._runs.due(record, now + (self._patience if fetching else self._settle))

    def _waits_for_outputs(self, record: RunRecord, now: float) -> bool:
        """Return whether a run that has answered waits for the outputs of the calls that it asked for."""
        if not record.may_be_answered:
            return False
        if not record.settling.for_outputs and record.steps.calls.awaited():
            began = now if record.settling.began is None else record.settling.began
            record.settling = record.settling._replace(began=began, for_outputs=True)
            self._linking.ask(record, now)
            self._runs.due(record, now + self._tool_wait)
        return self._tool_wait > 0 and bool(record.steps.calls.awaited())

    def publish(self, record: RunRecord) -> None:
        """Publish a run as it is, and stop following it."""
        self._runs.remove(record)
        if record.ended:
            self._unfinished.pop(record.key)
        elif record.known.is_background and record.created_here:
            self._unfinished.put(record.key, record.id)
        run = None
        if self.ownership.publishes(record):
            run = publish_end(record)
        else:
            record.leave()
        if record.published_unfinished:
            self._runs.give_up(record)
        if record.settling.for_outputs:
            record.forget_content()
        self._linking.end(record, run, self.now)
        self._groups.run_ended(record)

    def see_stream_end(self, record: RunRecord, error: Failure | None, now: float) -> None:
        """See that a stream of a run ended, in an error if there is one."""
        if record.ended:
            record.streaming = record.streaming._replace(complete=True)
            self.see_more(record, now)
        elif not record.outlives_call:
            # Left early, or broken off: the run ends with it, unless another look shows otherwise.
            record.known.see_error(error)
            record.streaming = record.streaming._replace(left=True)
            self._runs.due(record, now if record.known.error is not None else now + self._settle)
        elif not record.known.is_background and (record.status is None or not record.status.awaits_outputs):
            # Left early, or broken off: the run may go on at the server, but perhaps nobody will look.
            self._runs.due(record, now + min(self._patience, DROPPED_STREAM_SECONDS))

    def details_fetched(self, key: RunKey) -> None:
        """See that all details that could be fetched of a run were read; publish it."""
        record = self._runs.get(key)
        if record is not None:
            self.publish(record)

    def tick(self, now: float, reads_details_of: Callable[[RunRecord], bool]) -> None:
        """Publish the runs that are due, except those whose details are being read at this moment."""
        for record in self._runs.due_at(now):
            began = record.settling.began
            latest = now if began is None else began + self._patience
            if now < latest and reads_details_of(record):
                self._runs.due(record, min(now + self._settle, latest))
            else:
                self.publish(record)
        for record in self._runs.expired(now, self._patience):
            self.publish(record)
        self._linking.tick(now, self._patience)

    def next_deadline(self) -> float | None:
        """Return the time at which ``tick`` has something to do next."""
        times = (self._runs.next_deadline(self._patience), self._linking.next_deadline(self._patience))
        return min((time for time in times if time is not None), default=None)

    def settle(self, *, fetching: bool = True) -> None:
        """Publish every run that has ended, without waiting for what may follow.

        With ``fetching``, this includes the runs whose details are being fetched.
        """
        for record in self._runs.all():
            if (record.ended or record.streaming.left) and (fetching or not record.settling.fetching):
                self.publish(record)

    def publish_all(self) -> None:
        """Publish every run, ended or not, and the end of every turn."""
        for record in self._runs.all():
            self.publish(record)
        self._linking.end_all()

    @property
    def background_unfinished(self) -> tuple[str, ...]:
        """The newest background runs that were created here and given up before their end was seen."""
        return self._unfinished.values()
