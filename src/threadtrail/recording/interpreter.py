"""Has each observation read by its source, and passes the facts to the rooms that they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from threadtrail.recording.bounded import Bounded
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
from threadtrail.recording.following import Following
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
    ToolEnded,
    ToolStarted,
)
from threadtrail.recording.operations import Operations
from threadtrail.recording.publishing import origin_of
from threadtrail.recording.room import Room
from threadtrail.recording.store import RunsOfServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from threadtrail.recording.facts import Fact
    from threadtrail.recording.observation import Stream
    from threadtrail.recording.publishing import Origin, Publish, Server
    from threadtrail.recording.reading import FollowedRuns, Reader

    Readers = Mapping[str, Callable[[FollowedRuns], Reader]]

SERVERS = 256
"""The maximum number of servers that have a reader, which remembers what it read of that server."""


class Interpreter:
    """Has each observation read, and takes its facts; used by one thread at a time.

    ``readers`` has, by the name of each source, the function that makes its reader. ``now`` is in
    ``time.monotonic()`` seconds everywhere, and only decides when to stop waiting. Events have the times of
    the observations.
    """

    def __init__(self, publish: Publish, readers: Readers) -> None:
        self._publish = publish
        self._groups = Groups(publish)
        following = Following(publish, self._groups)
        self.following: Following = following
        self._ends = following.ends
        self._make_reader = readers
        self._readers: Bounded[Server, Reader] = Bounded(SERVERS)
        self._operations = Operations(publish)
        self._room = Room(following, self._readers)
        self._streams: WeakSet[Stream] = WeakSet()
        self._in_flight = InFlight()
        self._takes: dict[type, Callable[[Any, float], None]] = {
            RunSeen: following.see_run,
            RunLookedAt: following.see_looked_at,
            RunLost: following.see_lost,
            StepSeen: following.see_step,
            MessageSeen: following.see_message,
            CallsAnswered: following.see_answers,
            InputSeen: following.see_input,
            StreamEnded: following.see_stream_end,
            RequestRaised: self._request_raised,
            AssistantChanged: lambda fact, _now: self._operations.assistant_changed(fact),
            ThreadChanged: lambda fact, _now: self._operations.thread_changed(fact),
            MessageAdded: lambda fact, _now: self._operations.message_added(fact),
        }
        """The functions that take the facts, by the class of the fact."""

    # -- observations ---------------------------------------------------------------------------

    def handle(self, observation: Observation, now: float) -> None:
        """Take one observation."""
        self._ends.now = now
        match observation:  # the most frequent kind first
            case Returned():
                if not self.following.is_unchanged(observation, now):
                    self._read(observation, now)
            case GroupStarted():
                self._groups.start(observation)
            case GroupEnded():
                self._groups.end(observation)
            case ToolStarted():
                self.following.linking.tools.start(observation)
            case ToolEnded():
                self.following.linking.tools.end(observation)
            case DetailsFetched(key=key):
                self._ends.details_fetched(key)
            case FirstOutput():
                self.following.see_output(observation)
            case Call():
                self._in_flight.started(observation)
            case _:
                self._read(observation, now)

    def _read(self, observation: OfCall, now: float) -> None:
        if isinstance(observation, StreamOpened):
            self._streams.add(observation.stream)
            self.following.see_resumed(observation.call)
        for fact in self._facts(observation):
            self._takes[type(fact)](fact, now)
        self._room.take(observation)
        if isinstance(observation, (Returned, Raised)) and observation.call.operation.reads_details:
            self._in_flight.landed(observation.call)

    def _facts(self, observation: OfCall) -> Iterable[Fact]:
        """Return the facts of an observation."""
        reader = self._reader(origin_of(observation.call))
        if isinstance(observation, Raised) and observation.answer is not None:
            return self._raised_after_answer(observation, reader)
        return reader.read(observation)

    def _raised_after_answer(self, observation: Raised, reader: Reader) -> Iterator[Fact]:
        """Yield the facts of the answer, and the failure after the first of its run: before the run's end."""
        failure = list(reader.read(observation))
        for fact in reader.read(Returned(observation.call, observation.time, observation.answer)):
            yield fact
            if failure and isinstance(fact, RunSeen):
                self.following.see_raised(observation)
                yield from failure
                failure = []
        yield from failure

    def _reader(self, origin: Origin) -> Reader:
        """Return the reader for a server. Each has its own: what one remembers must not reach other runs."""
        reader = self._readers.get(origin.server)
        if reader is None:
            reader = self._make_reader[origin.source](RunsOfServer(self.following.runs, origin.server))
            self._readers.put(origin.server, reader)
        return reader

    # -- facts of no run --------------------------------------------------------------------------

    def _request_raised(self, raised: RequestRaised, _now: float) -> None:
        call: Call = raised.call
        run_id = call.run_id or call.ids.get("run_id")
        record = self.following.get(call, run_id)
        if record is not None:
            record.count(call)
        scope = record.scope if record is not None else call.scope
        self._operations.request_failed(raised, run_id, scope)

    # -- ends -----------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Publish the runs that are due, except those whose details are being read at this moment."""
        self._ends.now = now
        self._ends.tick(now, self._in_flight.reads_details_of)

    def close_streams(self) -> None:
        """Make the open streams note what they have seen so far."""
        for stream in list(self._streams):
            stream.closed()

    def end_all(self, time: int) -> None:
        """Publish every run, ended or not, and the end of every trace, since the program is exiting."""
        self._ends.publish_all()
        self._groups.end_all(time)

    @property
    def has_read(self) -> bool:
        """Whether an observation of a call was read."""
        return len(self._readers) > 0

    @property
    def forgotten(self) -> dict[str, int]:
        """How many things were forgotten for lack of room, by kind."""
        return {**self._room.forgotten, "traces": self._groups.forgotten}
