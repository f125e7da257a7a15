"""The runs that are followed: what each fact means for them, and when they are published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.recording.beginnings import Beginnings
from threadtrail.recording.bounded import Bounded
from threadtrail.recording.linking import Linking
from threadtrail.recording.ownership import Ownership
from threadtrail.recording.publishing import origin_of
from threadtrail.recording.sharing import Shared
from threadtrail.recording.store import RunStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.recording.facts import (
        CallsAnswered,
        InputSeen,
        MessageSeen,
        RunLookedAt,
        RunLost,
        RunSeen,
        StepSeen,
        StreamEnded,
    )
    from threadtrail.recording.groups import Groups
    from threadtrail.recording.observation import Call, FirstOutput, Raised, Returned
    from threadtrail.recording.publishing import Publish
    from threadtrail.recording.runs import RunKey, RunRecord
    from threadtrail.values import ToolCall

DROPPED_STREAM_SECONDS = 60.0
"""How long a run waits for another look after the app left its stream early; then it is published."""

UNFINISHED_NAMED = 100
"""The maximum number of background runs without an end whose ids are kept for the status."""

EARLY_ANSWERS = 1_024
"""The maximum number of runs that were not seen yet and have outputs submitted to them."""


class Following:
    """Follows runs from the time they are first seen until they are published; used by one thread at a time.

    ``now`` is in ``time.monotonic()`` seconds everywhere, and only decides when to stop waiting. The
    attribute ``now`` is the time of the latest observation or ``tick``.
    """

    def __init__(self, publish: Publish, groups: Groups) -> None:
        self.runs: RunStore = RunStore()
        self._groups = groups
        self.early_answers: Bounded[RunKey, tuple[ToolCall, ...]] = Bounded(EARLY_ANSWERS)
        self._unfinished: Bounded[RunKey, str] = Bounded(UNFINISHED_NAMED)
        self.linking: Linking = Linking(publish, groups)
        self.shared: Shared = Shared()
        self._beginnings = Beginnings(publish, self.runs, groups, self.linking, self.shared)
        self.now: float = 0.0

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
        self.runs.max_open = max_open_runs
        self.linking.turns.patience, self.linking.turns.retry_seconds = self._patience, self._tool_wait
        self._ownership = Ownership(publish_runs, run_timeout_seconds)
        self._on_end = on_end or (lambda _record: False)
        self._beginnings.keeps_clients = on_end is not None

    def get(self, call: Call, run_id: str | None) -> RunRecord | None:
        """Return the open run of this id at the server that the call went to."""
        return self.runs.get((origin_of(call).server, run_id or ""))

    def is_unchanged(self, observation: Returned, now: float) -> bool:
        """Return whether a run is as it was when last retrieved, as in nearly all polls; count the poll."""
        call = observation.call
        if not call.operation.looks_at_run or not isinstance(observation.result, bytes):
            return False
        record = self.get(call, call.ids.get("run_id"))
        if record is None or not record.looks_the_same(observation.result, observation.time):
            return False
        record.count(call)
        self.runs.touch(record, now)
        return True

    # -- facts --------------------------------------------------------------------------------------

    def see_run(self, seen: RunSeen, now: float) -> None:
        """See a run object."""
        call, key = seen.call, (origin_of(seen.call).server, seen.run_id)
        record = self.runs.get(key)
        if call.operation.creates_run and call.run_id is None:
            # A create always begins a run, even if the server has used its id before.
            self.runs.begin_again(key)
            if record is not None and not record.created_here:
                # Another look at the run was read before the answer to the create, or its first event.
                self._beginnings.adopt(record, seen, now)
            elif record is not None:
                self.publish_end(record)
                self.runs.begin_again(key)
                record = None
        if seen.streamed or call.operation.creates_run:
            call.run_id = seen.run_id
        if self.runs.was_published(key):
            return
        if record is None:
            record = self._beginnings.begin(key, seen, self._ownership, now)
        if record is None:
            return
        if seen.carried is not None and record.came_with is None:
            self._beginnings.restore(record, seen.carried)
        record.count(call)
        record.streams = record.streams or int(seen.streamed)
        begins = record.chain.session_key is None
        record.see(seen)
        if begins:
            self.linking.sessions.begin(record)
        self._take_early_answers(record)
        record.looking = seen.followed_by_parts
        self._after(record, now)

    def see_looked_at(self, looked: RunLookedAt, now: float) -> None:
        """See that all facts of one look at a run were read."""
        record = self.get(looked.call, looked.run_id)
        if record is not None:
            record.looking = False
            if looked.whole and not record.whole:
                record.see_whole()
                self.linking.sessions.end(record, record.messages())
            self._after(record, now)

    def see_lost(self, lost: RunLost, _now: float) -> None:
        """See that nothing more of a run will be seen; of one that has answered, its outputs may still be."""
        record = self.get(lost.call, lost.run_id)
        if record is not None:
            record.lose(lost)
            if not record.ended:
                self.publish_end(record)

    def see_step(self, seen: StepSeen, now: float) -> None:
        """See a step of a run."""
        record = self.get(seen.call, seen.run_id)
        if record is not None:
            record.see_step(seen)
            self._after(record, now)

    def see_message(self, seen: MessageSeen, now: float) -> None:
        """See a message of a run."""
        record = self.get(seen.call, seen.run_id)
        if record is not None:
            record.see_message(seen)
            self._after(record, now)

    def see_answers(self, answered: CallsAnswered, now: float) -> None:
        """See submitted outputs; keep them if their run was not seen yet."""
        if answered.run_id is None:
            self._see_answers_by_id(answered, now)
            return
        key = (origin_of(answered.call).server, answered.run_id)
        record = self.runs.get(key)
        if record is not None:
            answered.call.run_id = record.id
            record.steps.calls.answer(answered.tool_calls)
        elif not self.runs.was_published(key):
            self.early_answers.put(key, answered.tool_calls)

    def _take_early_answers(self, record: RunRecord) -> None:
        answers = self.early_answers.pop(record.key)
        if answers is not None:
            record.steps.calls.answer(answers)

    def _see_answers_by_id(self, answered: CallsAnswered, now: float) -> None:
        for record in self.linking.answer(answered, now):
            if not record.steps.calls.awaited() and self.runs.get(record.key) is record:
                self.publish_end(record)

    def see_input(self, seen: InputSeen, _now: float) -> None:
        """See the input of a run."""
        record = self.get(seen.call, seen.run_id)
        if record is not None:
            record.input = seen.messages
            record.input_listed = record.input_listed or seen.listed

    def _after(self, record: RunRecord, now: float) -> None:
        """Keep a run of which something new was seen, or publish it if it is complete."""
        self.runs.touch(record, now)
        if record.complete:
            if not self._waits_for_outputs(record, now):
                self.publish_end(record)
        elif record.ended and not record.settling and not record.looking:
            record.settling, record.settled_at = True, now
            record.fetching = self._on_end(record)
            self.runs.due(record, now + (self._patience if record.fetching else self._settle))

    def _waits_for_outputs(self, record: RunRecord, now: float) -> bool:
        """Return whether a run that has answered waits for the outputs of the calls that it asked for."""
        if not record.may_be_answered:
            return False
        if not record.waits_for_outputs and record.steps.calls.awaited():
            record.waits_for_outputs = record.settling = True
            self.linking.ask(record, now)
            self.runs.due(record, now + self._tool_wait)
        return self._tool_wait > 0 and bool(record.steps.calls.awaited())

    def publish_end(self, record: RunRecord) -> None:
        """Publish a run as it is, and stop following it."""
        self.runs.remove(record)
        if record.ended:
            self._unfinished.pop(record.key)
        elif record.known.is_background and record.created_here:
            self._unfinished.put(record.key, record.id)
        run = None
        if self._ownership.publishes(record):
            run = record.end()
        else:
            record.leave()
        if record.published_unfinished:
            self.runs.give_up(record)
        if record.waits_for_outputs:
            record.forget_content()
        self.linking.end(record, run, self.now)
        self._groups.run_ended(record)

    def see_output(self, output: FirstOutput) -> None:
        """See that output of a run reached the app for the first time."""
        call = output.call
        record = self.get(call, call.run_id or call.ids.get("run_id"))
        if record is not None:
            record.see_output(call, output.time)

    def see_resumed(self, call: Call) -> None:
        """See that the app resumes the stream of a run."""
        record = self.get(call, call.ids.get("run_id")) if call.operation.looks_at_run else None
        if record is not None:
            record.streams += 1

    def see_stream_end(self, ended: StreamEnded, now: float) -> None:
        """See that a stream of a run ended."""
        record = self.get(ended.call, ended.run_id)
        if record is None:
            return
        record.last_seen_at = max(record.last_seen_at, ended.time)
        if record.ended:
            record.stream_complete = True
            self._after(record, now)
        elif not record.outlives_call:
            # Left early, or broken off: the run ends with it, unless another look shows otherwise.
            record.known.see_error(ended.error)
            record.left = True
            self.runs.due(record, now if record.known.error is not None else now + self._settle)
        elif not record.known.is_background and (record.status is None or not record.status.awaits_outputs):
            # Left early, or broken off: the run may go on at the server, but perhaps nobody will look.
            self.runs.due(record, now + min(self._patience, DROPPED_STREAM_SECONDS))

    def see_raised(self, raised: Raised) -> None:
        """See that the call that created a run raised; the error is the run's if that ends with its call."""
        record = self.get(raised.call, raised.call.run_id)
        if record is not None and not record.outlives_call:
            record.known.see_error(raised.error)

    def turn_id(self, run_id: str) -> str | None:
        """Return the turn of a run; None if it is not known, or not any more. Any thread may call this."""
        # In this order: a run's turn is known before its id.
        known = self.runs.has_seen(run_id)
        return self.linking.turns.joined(run_id) or (run_id if known else None)

    # -- ends ---------------------------------------------------------------------------------------

    def details_fetched(self, key: RunKey) -> None:
        """See that all details that could be fetched of a run were read; publish it."""
        record = self.runs.get(key)
        if record is not None:
            self.publish_end(record)

    def tick(self, now: float, reads_details_of: Callable[[RunRecord], bool]) -> None:
        """Publish the runs that are due, except those whose details are being read at this moment."""
        for record in self.runs.due_at(now):
            latest = record.settled_at + self._patience
            if record.settling and now < latest and reads_details_of(record):
                self.runs.due(record, min(now + self._settle, latest))
            else:
                self.publish_end(record)
        for record in self.runs.expired(now, self._patience):
            self.publish_end(record)
        self.linking.tick(now, self._patience)

    def next_deadline(self) -> float | None:
        """Return the time at which ``tick`` has something to do next."""
        times = (self.runs.next_deadline(self._patience), self.linking.next_deadline(self._patience))
        return min((time for time in times if time is not None), default=None)

    def settle(self, *, fetching: bool = True) -> None:
        """Publish every run that has ended, without waiting for what may follow.

        With ``fetching``, this includes the runs whose details are being fetched.
        """
        for record in self.runs.all():
            if (record.ended or record.left) and (fetching or not record.fetching):
                self.publish_end(record)

    def publish_all(self) -> None:
        """Publish every run, ended or not, and the end of every turn."""
        for record in self.runs.all():
            self.publish_end(record)
        self.linking.end_all()

    @property
    def background_unfinished(self) -> tuple[str, ...]:
        """The newest background runs that were created here and given up before their end was seen."""
        return self._unfinished.values()
