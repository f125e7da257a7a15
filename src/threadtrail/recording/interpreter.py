"""Observations in, events out: what each note of the user's thread means for the runs that are followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from threadtrail.recording import assistants as read
from threadtrail.recording.arguments import unpack
from threadtrail.recording.deltas import fold
from threadtrail.recording.groups import Groups
from threadtrail.recording.inputs import complete_inputs
from threadtrail.recording.kinds import (
    CREATES_RUN,
    LEARNT_FROM,
    RETRIEVE,
    SUBMIT,
    kind_of_event,
    kind_of_operation,
    parse,
)
from threadtrail.recording.observation import (
    Call,
    FirstOutput,
    GroupEnded,
    GroupStarted,
    Observation,
    Raised,
    Returned,
    StreamClosed,
    StreamEvent,
    StreamOpened,
)
from threadtrail.recording.origin import origin_of
from threadtrail.recording.runs import RunRecord
from threadtrail.recording.store import RunStore
from threadtrail.recording.surroundings import Surroundings
from threadtrail.values import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.recording.observation import Stream
    from threadtrail.recording.runs import Publish

DROPPED_STREAM_SECONDS = 60.0
"""A run whose stream the app left early, and which nobody looks at again, is told after this long."""


class Interpreter:
    """Keeps the runs and publishes their events; used by one thread at a time.

    ``now`` is ``time.monotonic()`` seconds throughout: it only decides when to stop waiting. What is
    told carries the observations' own times. ``on_end``, if given, is asked once about each run that ended
    with something missing, and answers whether that is being fetched.
    """

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._runs = RunStore()
        self._groups = Groups(publish)
        self._around = Surroundings(publish)
        self._streams: WeakSet[Stream] = WeakSet()

    def configure(
        self,
        *,
        settle_seconds: float,
        run_timeout_seconds: float,
        max_open_runs: int,
        on_end: Callable[[RunRecord], bool] | None = None,
    ) -> None:
        """Say how long to wait for what, before the first observation or between two of them."""
        self._settle = settle_seconds
        self._patience = run_timeout_seconds
        self._runs.max_open = max_open_runs
        self._on_end = on_end or (lambda _record: False)
        self._keeps_clients = on_end is not None

    # -- in -------------------------------------------------------------------------------------

    def handle(self, observation: Observation, now: float) -> None:
        """Take in one observation."""
        match observation:
            case Returned():
                self._returned(observation, now)
            case StreamOpened(call=call, stream=stream):
                unpack(call)
                self._streams.add(stream)
                self._submitted(call)
            case StreamEvent():
                self._streamed(observation, now)
            case FirstOutput(call=call, time=time):
                record = self._runs.get(call.run_id or "")
                if record is not None:
                    record.see_output(time)
            case StreamClosed():
                self._stream_closed(observation, now)
            case Raised():
                self._raised(observation)
            case GroupStarted():
                self._groups.start(observation)
            case GroupEnded():
                self._groups.end(observation)

    def _returned(self, observation: Returned, now: float) -> None:
        call = observation.call
        unpack(call)
        self._submitted(call)
        if self._unchanged(observation, now):
            return
        result = parse(observation.result)
        if result is None:
            return
        if isinstance(result, list) or call.operation.endswith(".list"):
            objects = result if isinstance(result, list) else read.items(result.get("data"))
            self._see_list(objects, call, observation.time, now)
        else:
            self._see(result, call, observation.time, now)

    def _see_list(self, objects: list[Any], call: Call, time: int, now: float) -> None:
        objects = [data for data in map(parse, objects) if isinstance(data, dict)]
        newest_first = call.arguments.get("order") != "asc"
        if newest_first:
            # So does the API list; a story is told from its beginning.
            objects.reverse()
        # A later page of such a list holds what was before all that is known.
        place = -time if newest_first and call.arguments.get("after") else time
        for data in objects:
            self._see(data, call, time, now, place)
        if call.operation == "threads.messages.list":
            thread_id = read.text_or_none(call.arguments.get("thread_id"))
            complete_inputs(self._runs.on_thread(thread_id), objects, call)

    def _see(self, data: dict[str, Any], call: Call, time: int, now: float, place: int | None = None) -> None:
        """Dispatch on the kind of object; compatible servers may leave ``object`` out."""
        match data.get("object") or kind_of_operation(call.operation):
            case "thread.run":
                self._see_run(data, call, time, now)
            case "thread.run.step":
                record = self._runs.get(read.text_or_none(data.get("run_id")) or "")
                if record is not None:
                    record.see_step(data, time, live=False, place=place)
                    self._after(record, now)
            case "thread.message":
                self._see_message(data, call, time, now, place)
            case "thread":
                self._around.see_thread(data, call, time)
            case "assistant":
                self._around.see_assistant(data, call, time)
            case "assistant.deleted":
                self._around.assistant_deleted(data, call, time)
            case "thread.deleted":
                self._around.thread_deleted(data, call, time)

    def _unchanged(self, observation: Returned, now: float) -> bool:
        """Whether a run looks the same as when last retrieved: polled fifty times, it does so 48 times."""
        call = observation.call
        record = self._runs.get(str(call.arguments.get("run_id"))) if call.operation == RETRIEVE else None
        if record is None or not isinstance(observation.result, bytes):
            return False
        if not record.looks_the_same(observation.result, observation.time):
            return False
        record.count(call)
        self._runs.touch(record, now)
        return True

    # -- runs -----------------------------------------------------------------------------------

    def _see_run(
        self, data: dict[str, Any], call: Call, time: int, now: float, learnt_from: str = ""
    ) -> None:
        run_id = read.text_or_none(data.get("id"))
        if run_id is None or self._runs.was_told(run_id):
            return
        record = self._runs.get(run_id)
        if record is None:
            if (
                call.operation == "threads.runs.list"
                and read.text_or_none(data.get("status")) in read.RUN_ENDS
            ):
                # Somebody reads the history of a thread: those runs are not this program's doing.
                return
            record = self._begin(run_id, data, call)
        record.count(call)
        assistant = self._around.assistant(data.get("assistant_id"))
        record.see(data, time, learnt_from or LEARNT_FROM.get(call.operation, "poll"), call, assistant)
        self._submitted(call)
        self._after(record, now)

    def _begin(self, run_id: str, data: dict[str, Any], call: Call) -> RunRecord:
        created = call.operation in CREATES_RUN
        record = RunRecord(run_id, call, origin_of(call.client), self._publish, created_here=created)
        if self._keeps_clients:
            record.client, record.loop = call.client, call.loop
        if created:
            record.input = self._around.input_of_new_run(read.text_or_none(data.get("thread_id")), call)
        self._groups.run_began(record)
        return record

    def _submitted(self, call: Call) -> None:
        """Take in the outputs that the call handed over: once, and as soon as their run is known."""
        if call.operation != SUBMIT or "tool_outputs" not in call.arguments:
            return
        record = self._runs.get(read.text_or_none(call.arguments.get("run_id")) or "")
        if record is not None:
            call.run_id = record.id
            record.submit(read.items(call.arguments.pop("tool_outputs")), call.started_at)

    def _after(self, record: RunRecord, now: float) -> None:
        """Something new is known of the run: keep it, or tell it if that was all."""
        self._runs.touch(record, now)
        if record.complete:
            self._tell(record)
        elif record.ended and not record.settling:
            record.settling = True
            waits = self._on_end(record)
            self._runs.due(record, now + (self._patience if waits else self._settle))

    def _tell(self, record: RunRecord) -> None:
        self._runs.remove(record)
        record.end()
        self._groups.run_ended(record)

    # -- messages -------------------------------------------------------------------------------

    def _see_message(
        self, data: dict[str, Any], call: Call, time: int, now: float, place: int | None
    ) -> None:
        message = read.message(data)
        if call.operation == "threads.messages.create":
            self._around.message_added(message, call, time)
            return
        record = self._runs.get(message.run_id or "")
        if record is not None and message.role == "assistant":
            record.see_message(message, time, live=False, place=place)
            self._after(record, now)

    # -- streams --------------------------------------------------------------------------------

    def _streamed(self, event: StreamEvent, now: float) -> None:
        call, name, data = event.call, event.name, parse(event.data)
        if not isinstance(data, dict):
            return
        match data.get("object") or kind_of_event(name):
            case "thread":
                self._around.see_thread(data, call, event.time)
            case "thread.run.step":
                self._with_run(call, now, lambda run: run.see_step(data, event.time, live=True))
            case "thread.run":
                learnt_from = "create" if name == "thread.run.created" else "stream"
                self._see_run(data, call, event.time, now, learnt_from)
                call.run_id = read.text_or_none(data.get("id")) or call.run_id
                self._with_run(call, now, RunRecord.stream)
            case "thread.message":
                message = read.message(data)
                self._with_run(call, now, lambda run: run.see_message(message, event.time, live=True))
            case "error":
                self._raised(Raised(call, event.time, read.failure(data) or Failure(type="unknown")))

    def _stream_closed(self, closed: StreamClosed, now: float) -> None:
        record = self._runs.get(closed.call.run_id or "")
        if closed.error is not None:
            self._raised(Raised(closed.call, closed.time, closed.error))
        if record is None:
            return
        fold(record, closed.deltas, closed.time)
        record.last_seen_at = max(record.last_seen_at, closed.time)
        if record.ended:
            record.stream_complete = True
            self._after(record, now)
        elif record.status != "requires_action":
            # Left early, or cut: the run may go on at the server, but perhaps nobody will look.
            self._runs.due(record, now + min(self._patience, DROPPED_STREAM_SECONDS))

    def _with_run(self, call: Call, now: float, see: Callable[[RunRecord], None]) -> None:
        record = self._runs.get(call.run_id or "")
        if record is not None:
            see(record)
            self._after(record, now)

    # -- failures and ends ----------------------------------------------------------------------

    def _raised(self, raised: Raised) -> None:
        call = raised.call
        unpack(call)
        run_id = call.run_id or read.text_or_none(call.arguments.get("run_id"))
        record = self._runs.get(run_id or "")
        if record is not None:
            record.count(call)
        self._around.request_failed(raised, run_id, record.scope if record is not None else call.scope)

    def tick(self, now: float) -> None:
        """Tell the runs whose time has come."""
        for record in self._runs.expired(now, self._patience):
            self._tell(record)

    def next_deadline(self) -> float | None:
        """When ``tick`` has something to do next."""
        return self._runs.next_deadline(self._patience)

    def fetched(self, run_id: str) -> None:
        """What could be fetched of a run has arrived: there is nothing more to wait for."""
        record = self._runs.get(run_id)
        if record is not None:
            self._tell(record)

    def settle(self) -> None:
        """Tell every run that has ended, without waiting for what may follow."""
        for record in self._runs.all():
            if record.ended:
                self._tell(record)

    def leave_streams(self) -> None:
        """Let the streams that are open hand over what they have seen."""
        for stream in list(self._streams):
            stream.closed()

    def end_all(self, time: int) -> None:
        """Tell every run, ended or not, and every trace: the program is leaving."""
        for record in self._runs.all():
            self._tell(record)
        self._groups.end_all(time)

    @property
    def open_runs(self) -> int:
        """How many runs are being followed."""
        return len(self._runs)
