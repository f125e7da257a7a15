"""Facts in, events out: what each fact means for the runs that are followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from threadtrail.recording.facts import (
    AssistantChanged,
    CallsAnswered,
    InputSeen,
    MessageAdded,
    MessageSeen,
    RequestRaised,
    RunLookedAt,
    RunLost,
    RunSeen,
    StepSeen,
    StreamEnded,
    ThreadChanged,
)
from threadtrail.recording.groups import Groups
from threadtrail.recording.in_flight import InFlight
from threadtrail.recording.observation import (
    Call,
    DetailsFetched,
    FirstOutput,
    GroupEnded,
    GroupStarted,
    Observation,
    OfCall,
    Raised,
    Returned,
    StreamOpened,
)
from threadtrail.recording.operations import Operations
from threadtrail.recording.ownership import Ownership
from threadtrail.recording.publishing import origin_of
from threadtrail.recording.runs import RunRecord
from threadtrail.recording.store import Bounded, RunsOfServer, RunStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from threadtrail.recording.facts import FollowedRuns, Reader
    from threadtrail.recording.observation import Stream
    from threadtrail.recording.publishing import Origin, Publish, Server
    from threadtrail.recording.runs import RunKey
    from threadtrail.values import ToolCall

    Readers = Mapping[str, Callable[[FollowedRuns], Reader]]

DROPPED_STREAM_SECONDS = 60.0
"""After how long a run is published whose stream the app left early, if nobody looks at it again."""

SERVERS = 256
"""The maximum number of servers that readers remember something of."""

UNFINISHED_NAMED = 100
"""The maximum number of background runs without an end that are named."""

EARLY_ANSWERS = 1_024
"""The maximum number of runs, not seen yet, for which submitted outputs are kept."""


class Interpreter:
    """Keeps the runs and publishes their events; used by one thread at a time.

    ``readers`` makes, for each source by its name, what reads its observations. ``now`` is
    ``time.monotonic()`` seconds throughout: it only decides when to stop waiting. Events carry the
    observations' own times.
    """

    def __init__(self, publish: Publish, readers: Readers) -> None:
        self._publish = publish
        self._runs = RunStore()
        self._make_reader = readers
        self._readers: Bounded[Server, Reader] = Bounded(SERVERS)
        self._groups = Groups(publish)
        self._operations = Operations(publish)
        self._early_answers: Bounded[RunKey, tuple[ToolCall, ...]] = Bounded(EARLY_ANSWERS)
        self._unfinished: Bounded[RunKey, str] = Bounded(UNFINISHED_NAMED)
        self._streams: WeakSet[Stream] = WeakSet()
        self._in_flight = InFlight()
        self._takes: dict[type, Callable[[Any, float], None]] = {
            RunSeen: self._see_run,
            RunLookedAt: self._see_looked_at,
            RunLost: self._see_lost,
            StepSeen: self._see_step,
            MessageSeen: self._see_message,
            CallsAnswered: self._see_answers,
            InputSeen: self._see_input,
            StreamEnded: self._stream_ended,
            RequestRaised: self._request_raised,
            AssistantChanged: lambda fact, _now: self._operations.assistant_changed(fact),
            ThreadChanged: lambda fact, _now: self._operations.thread_changed(fact),
            MessageAdded: lambda fact, _now: self._operations.message_added(fact),
        }
        """What is done with each fact, by its class."""

    def configure(
        self,
        *,
        settle_seconds: float,
        run_timeout_seconds: float,
        max_open_runs: int,
        publish_runs: str = "all",
        on_end: Callable[[RunRecord], bool] | None = None,
    ) -> None:
        """Set how long to wait for what, before the first observation or between two of them.

        ``publish_runs`` is the setting of this name. ``on_end``, if given, is asked once about
        each run that ended with something missing, and answers whether that is being fetched.
        """
        self._settle = settle_seconds
        self._patience = run_timeout_seconds
        self._runs.max_open = max_open_runs
        self._ownership = Ownership(publish_runs, run_timeout_seconds)
        self._on_end = on_end or (lambda _record: False)
        self._keeps_clients = on_end is not None

    # -- in -------------------------------------------------------------------------------------

    def handle(self, observation: Observation, now: float) -> None:
        """Take one observation."""
        match observation:
            case GroupStarted():
                self._groups.start(observation)
            case GroupEnded():
                self._groups.end(observation)
            case DetailsFetched(key=key):
                self._details_fetched(key)
            case FirstOutput(call=call, time=time):
                record = self._run(call, call.run_id or call.ids.get("run_id"))
                if record is not None:
                    record.see_output(call, time)
            case Call():
                self._in_flight.started(observation)
            case Returned() if self._unchanged(observation, now):
                pass
            case _:
                self._read(observation, now)

    def _read(self, observation: OfCall, now: float) -> None:
        if isinstance(observation, StreamOpened):
            self._streams.add(observation.stream)
            self._see_resumed(observation.call)
        for fact in self._reader(origin_of(observation.call)).read(observation):
            self._takes[type(fact)](fact, now)
        if isinstance(observation, (Returned, Raised)) and observation.call.operation.reads_details:
            self._in_flight.landed(observation.call)

    def _see_resumed(self, call: Call) -> None:
        """See that the app reads the stream of a run again from where it was left."""
        record = self._run(call, call.ids.get("run_id")) if call.operation.looks_at_run else None
        if record is not None:
            record.resumed += record.streamed
            record.streamed = True

    def _reader(self, origin: Origin) -> Reader:
        """Return the reader for a server: what one server said must not reach the runs of another."""
        reader = self._readers.get(origin.server)
        if reader is None:
            reader = self._make_reader[origin.source](RunsOfServer(self._runs, origin.server))
            self._readers.put(origin.server, reader)
        return reader

    def _run(self, call: Call, run_id: str | None) -> RunRecord | None:
        """Return the open run of this id at the server that the call went to."""
        return self._runs.get((origin_of(call).server, run_id or ""))

    def _unchanged(self, observation: Returned, now: float) -> bool:
        """Whether a run looks the same as when last retrieved: polled fifty times, it does so 48 times."""
        call = observation.call
        if not call.operation.looks_at_run or not isinstance(observation.result, bytes):
            return False
        record = self._run(call, call.ids.get("run_id"))
        if record is None or not record.looks_the_same(observation.result, observation.time):
            return False
        record.count(call)
        self._runs.touch(record, now)
        return True

    # -- runs -----------------------------------------------------------------------------------

    def _see_run(self, seen: RunSeen, now: float) -> None:
        call, key = seen.call, (origin_of(seen.call).server, seen.run_id)
        record = self._runs.get(key)
        if call.operation.creates_run and call.run_id is None:
            # A create begins a run, also where the server has used its id before.
            self._runs.begin_again(key)
            if record is not None:
                self._publish_end(record)
                self._runs.begin_again(key)
            record = None
        if seen.streamed or call.operation.creates_run:
            call.run_id = seen.run_id
        if self._runs.was_published(key):
            return
        if record is None:
            record = self._taken_back(key)
        if record is None:
            if self._ownership.is_history(seen):
                return
            record = self._begin(seen)
        record.count(call)
        record.streamed = record.streamed or seen.streamed
        record.see(seen)
        record.steps.answer(self._early_answers.pop(key) or ())
        record.looking = seen.followed_by_parts
        self._after(record, now)

    def _see_looked_at(self, looked: RunLookedAt, now: float) -> None:
        record = self._run(looked.call, looked.run_id)
        if record is not None:
            record.looking = False
            record.whole = record.whole or looked.whole
            self._after(record, now)

    def _see_lost(self, lost: RunLost, _now: float) -> None:
        record = self._run(lost.call, lost.run_id)
        if record is not None:
            record.lose(lost)
            self._publish_end(record)

    def _taken_back(self, key: RunKey) -> RunRecord | None:
        """Return a run that was given up unfinished, and that somebody looks at again after all."""
        record = self._runs.take_back(key)
        if record is not None:
            record.reopen()
            self._groups.run_began(record)
        return record

    def _begin(self, seen: RunSeen) -> RunRecord:
        call = seen.call
        created = call.operation.creates_run
        record = RunRecord(seen, origin_of(call), self._publish, created_here=created)
        if self._keeps_clients:
            record.client, record.loop = call.client, call.loop
        self._groups.run_began(record)
        return record

    def _see_step(self, seen: StepSeen, now: float) -> None:
        record = self._run(seen.call, seen.run_id)
        if record is not None:
            record.see_step(seen)
            self._after(record, now)

    def _see_message(self, seen: MessageSeen, now: float) -> None:
        record = self._run(seen.call, seen.run_id)
        if record is not None:
            record.see_message(seen)
            self._after(record, now)

    def _see_answers(self, answered: CallsAnswered, _now: float) -> None:
        """Take submitted outputs, or keep them until their run is seen for the first time."""
        key = (origin_of(answered.call).server, answered.run_id)
        record = self._runs.get(key)
        if record is not None:
            answered.call.run_id = record.id
            record.steps.answer(answered.tool_calls)
        elif not self._runs.was_published(key):
            self._early_answers.put(key, answered.tool_calls)

    def _see_input(self, seen: InputSeen, _now: float) -> None:
        record = self._run(seen.call, seen.run_id)
        if record is not None:
            record.input = seen.messages
            record.input_listed = record.input_listed or seen.listed

    def _after(self, record: RunRecord, now: float) -> None:
        """Something new is known of the run: keep it, or publish it if that was all."""
        self._runs.touch(record, now)
        if record.complete:
            self._publish_end(record)
        elif record.ended and not record.settling and not record.looking:
            record.settling, record.settled_at = True, now
            record.fetching = self._on_end(record)
            self._runs.due(record, now + (self._patience if record.fetching else self._settle))

    def _publish_end(self, record: RunRecord) -> None:
        self._runs.remove(record)
        if record.ended:
            self._unfinished.pop(record.key)
        elif record.is_background and record.created_here:
            self._unfinished.put(record.key, record.id)
        if self._ownership.publishes(record):
            record.end()
        self._groups.run_ended(record)

    # -- streams and failures -------------------------------------------------------------------

    def _stream_ended(self, ended: StreamEnded, now: float) -> None:
        record = self._run(ended.call, ended.run_id)
        if record is None:
            return
        record.last_seen_at = max(record.last_seen_at, ended.time)
        if record.ended:
            record.stream_complete = True
            self._after(record, now)
        elif not record.outlives_call:
            # Left early, or cut: that is its end, unless somebody looks whether it is there nevertheless.
            record.see_error(ended.error)
            record.left = True
            self._runs.due(record, now if record.has_error else now + self._settle)
        elif not record.is_background and (record.status is None or not record.status.awaits_outputs):
            # Left early, or cut: the run may go on at the server, but perhaps nobody will look.
            self._runs.due(record, now + min(self._patience, DROPPED_STREAM_SECONDS))

    def _request_raised(self, raised: RequestRaised, _now: float) -> None:
        call: Call = raised.call
        run_id = call.run_id or call.ids.get("run_id")
        record = self._run(call, run_id)
        if record is not None:
            record.count(call)
        scope = record.scope if record is not None else call.scope
        self._operations.request_failed(raised, run_id, scope)

    # -- ends -----------------------------------------------------------------------------------

    def _details_fetched(self, key: RunKey) -> None:
        """What could be fetched of a run has arrived: there is nothing more to wait for."""
        record = self._runs.get(key)
        if record is not None:
            self._publish_end(record)

    def tick(self, now: float) -> None:
        """Publish the runs whose time has come, except those whose details are being read right now."""
        for record in self._runs.due_at(now):
            latest = record.settled_at + self._patience
            if record.settling and now < latest and self._in_flight.reads_details_of(record):
                self._runs.due(record, min(now + self._settle, latest))
            else:
                self._publish_end(record)
        for record in self._runs.expired(now, self._patience):
            self._publish_end(record)

    def next_deadline(self) -> float | None:
        """Return when ``tick`` has something to do next."""
        return self._runs.next_deadline(self._patience)

    def settle(self, *, fetching: bool = True) -> None:
        """Publish every run that has ended, without waiting for what may follow.

        ``fetching``: also the runs whose details are being fetched.
        """
        for record in self._runs.all():
            if (record.ended or record.left) and (fetching or not record.fetching):
                self._publish_end(record)

    def close_streams(self) -> None:
        """Have the open streams note what they have seen so far."""
        for stream in list(self._streams):
            stream.closed()

    def end_all(self, time: int) -> None:
        """Publish every run, ended or not, and the end of every trace: the program is leaving."""
        for record in self._runs.all():
            self._publish_end(record)
        self._groups.end_all(time)

    @property
    def background_unfinished(self) -> tuple[str, ...]:
        """The newest background runs that were created here and given up before their end was seen."""
        return self._unfinished.values()

    @property
    def open_runs(self) -> int:
        """How many runs are being followed."""
        return len(self._runs)
