"""The runs that are followed, and what each fact means for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.recording.beginnings import Beginnings
from threadtrail.recording.bounded import Bounded
from threadtrail.recording.ends import Ends
from threadtrail.recording.linking import Linking
from threadtrail.recording.publishing import origin_of
from threadtrail.recording.sharing import Shared
from threadtrail.recording.store import RunStore

if TYPE_CHECKING:
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

EARLY_ANSWERS = 1_024
"""The maximum number of runs that were not seen yet and have outputs submitted to them."""


class Following:
    """Follows runs from the time they are first seen until they are published; used by one thread at a time.

    ``now`` is in ``time.monotonic()`` seconds everywhere, and only decides when to stop waiting. ``ends``
    publishes the runs.
    """

    def __init__(self, publish: Publish, groups: Groups) -> None:
        self.runs: RunStore = RunStore()
        self.early_answers: Bounded[RunKey, tuple[ToolCall, ...]] = Bounded(EARLY_ANSWERS)
        self.linking: Linking = Linking(publish, groups)
        self.shared: Shared = Shared()
        self._beginnings = Beginnings(publish, self.runs, groups, self.linking, self.shared)
        self.ends: Ends = Ends(self.runs, self.linking, groups)

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
                self.ends.publish(record)
                self.runs.begin_again(key)
                record = None
        if seen.streamed or call.operation.creates_run:
            call.run_id = seen.run_id
        if self.runs.was_published(key):
            return
        if record is None:
            record = self._beginnings.begin(key, seen, self.ends, now)
        if record is None:
            return
        if seen.carried is not None and record.came_with is None:
            self._beginnings.restore(record, seen.carried)
        record.count(call)
        begins = record.chain.session_key is None
        record.see(seen)
        if begins:
            followed = (record.origin.server, record.known.previous_run_id or "")
            self.linking.sessions.begin(record, self.runs.chain_of(followed))
        self._take_early_answers(record)
        record.looking = seen.followed_by_parts
        self.ends.see_more(record, now)

    def see_looked_at(self, looked: RunLookedAt, now: float) -> None:
        """See that all facts of one look at a run were read."""
        record = self.get(looked.call, looked.run_id)
        if record is not None:
            record.looking = False
            if looked.whole and not record.whole:
                record.see_whole()
                self.linking.sessions.end(record, record.messages())
            self.ends.see_more(record, now)

    def see_lost(self, lost: RunLost, _now: float) -> None:
        """See that nothing more of a run will be seen, except outputs if it has answered."""
        record = self.get(lost.call, lost.run_id)
        if record is not None:
            record.lose(lost)
            if not record.ended:
                self.ends.publish(record)

    def see_step(self, seen: StepSeen, now: float) -> None:
        """See a step of a run."""
        record = self.get(seen.call, seen.run_id)
        if record is not None:
            record.see_step(seen)
            self.ends.see_more(record, now)

    def see_message(self, seen: MessageSeen, now: float) -> None:
        """See a message of a run."""
        record = self.get(seen.call, seen.run_id)
        if record is not None:
            record.see_message(seen)
            self.ends.see_more(record, now)

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
                self.ends.publish(record)

    def see_input(self, seen: InputSeen, _now: float) -> None:
        """See the input of a run."""
        record = self.get(seen.call, seen.run_id)
        if record is not None:
            record.input = seen.messages
            record.input_listed = record.input_listed or seen.listed

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
            record.streaming = record.streaming._replace(opened=record.streaming.opened + 1)

    def see_stream_end(self, ended: StreamEnded, now: float) -> None:
        """See that a stream of a run ended."""
        record = self.get(ended.call, ended.run_id)
        if record is None:
            return
        record.last_seen_at = max(record.last_seen_at, ended.time)
        self.ends.see_stream_end(record, ended.error, now)

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
