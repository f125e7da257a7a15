"""The record of one run: its status, its messages, its usage, and whether all of it is known."""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from threadtrail._quick import changed
from threadtrail.context import Scope
from threadtrail.events import RunCreated, RunEnded, RunStatusChanged
from threadtrail.recording.facts import RunSeen
from threadtrail.recording.known import Known
from threadtrail.recording.links import InChain
from threadtrail.recording.messages import Messages
from threadtrail.recording.phases import NOT_SETTLING, NOT_STREAMED, Settling, Streaming
from threadtrail.recording.publishing import Origin, publish_event, restored
from threadtrail.recording.status_history import StatusHistory
from threadtrail.recording.steps import Steps
from threadtrail.recording.timeline import Timeline
from threadtrail.recording.tool_calls import ToolCalls
from threadtrail.values import Carried, Message

if TYPE_CHECKING:
    from threadtrail.recording.facts import MessageSeen, RunLost, StepSeen
    from threadtrail.recording.meaning import RunStatus
    from threadtrail.recording.observation import Call
    from threadtrail.recording.publishing import Publish, Server
    from threadtrail.recording.sharing import Shared
    from threadtrail.recording.tool_work import ToolWork
    from threadtrail.values import Run, StatusChange, Step, ToolCall


RunKey = tuple["Server", str]
"""Identifies a run: its server and its id."""


class Common(NamedTuple):
    """What the records of all runs share."""

    publish: Publish
    tools: ToolWork
    shared: Shared


@dataclass(slots=True, eq=False, repr=False)
class RunRecord:
    """Follows one run, whatever the app looks at, and publishes each fact of it once.

    ``scope`` and ``origin`` are those of the call by which the run was first seen. ``came_with`` is what the
    creator put into the run's metadata; ``scope`` includes it. ``connection`` is the client and the event
    loop with which ``fetch_run_details`` fetches its details. A status never goes back: an answer that
    another one overtook changes nothing, and after an end nothing does. ``ended`` means that its status is an
    end, or that it ended with its call; ``whole`` that nothing of it is missing.

    Thousands of records may be open at once, so they have slots, and create only when it is needed what many
    of them do without: what is kept of steps, messages and streams, and of the wait after the end.
    """

    seen: InitVar[RunSeen]
    origin: Origin
    common: Common
    created_here: bool
    key: RunKey = field(init=False)
    scope: Scope = field(init=False)
    came_with: Carried | None = field(init=False)
    outlives_call: bool = field(init=False)
    last_seen_at: int = field(init=False)
    chain: InChain = field(init=False)
    known: Known = field(init=False)
    timeline: Timeline = field(init=False)
    statuses: StatusHistory = field(init=False)
    connection: tuple[Any, Any] | None = None
    thread_id: str | None = None
    touched_at: float = 0.0
    poll_count: int = 0
    retry_count: int = 0
    streaming: Streaming = NOT_STREAMED
    input: tuple[Message, ...] = ()
    input_listed: bool = False
    looking: bool = False
    settling: Settling = NOT_SETTLING
    ended: bool = False
    whole: bool = False
    published_unfinished: bool = False
    id_reused: bool = False
    _types: Any = None  # EventTypes, once the run object was seen
    _steps: Steps | None = None
    _output: Messages | None = None
    _body_mark: int | None = None

    def __post_init__(self, seen: RunSeen) -> None:
        """Take what the first look at the run says."""
        self.key = (self.origin.server, seen.run_id)
        self.scope = restored(seen.call.scope, seen.carried, created_here=self.created_here)
        self.came_with = seen.carried
        self.outlives_call = seen.outlives_call
        self.last_seen_at = seen.call.started_at
        self.chain = InChain(turn_id=seen.run_id)
        self.known = Known(seen.call.request_id)
        self.timeline = Timeline(seen.call.started_at if self.created_here else None)
        self.statuses = StatusHistory()

    @property
    def id(self) -> str:
        """The run's id."""
        return self.key[1]

    @property
    def steps(self) -> Steps:
        """Its steps and tool calls."""
        if self._steps is None:
            calls = ToolCalls(self._publish_event, ask=self._ask, worked_on=self.common.tools.worked_on)
            self._steps = Steps(self._publish_event, calls)
        return self._steps

    def _ask(self, call: ToolCall) -> None:
        self.common.tools.ask(call, self.id, self.chain.turn_id)

    @property
    def output(self) -> Messages:
        """The messages that it wrote."""
        if self._output is None:
            self._output = Messages(self.timeline)
        return self._output

    # -- what is seen ---------------------------------------------------------------------------

    def see(self, seen: RunSeen) -> None:
        """See the run object."""
        self.last_seen_at = max(self.last_seen_at, seen.time)
        self.thread_id = seen.thread_id or self.thread_id
        if seen.streamed and not self.streaming.opened:
            self.streaming = self.streaming._replace(opened=1)
        self.timeline.server(seen)
        if self._types is None:
            self._begin(seen)
        self.known.see(seen, self.common.shared)
        status, previous = seen.status, self.status
        if self.ended or status is None or self.statuses.has_overtaken(status, seen):
            return
        change = self.statuses.take(status, seen, self.timeline, created_here=self.created_here)
        if change is not None:
            self._publish_change(change, previous)
        self.ended = status.ended
        if status.awaits_outputs:
            anew = previous is None or not previous.awaits_outputs
            self.steps.calls.require(seen.required_calls, seen.time, anew=anew)

    def looks_the_same(self, body: bytes, time: int) -> bool:
        """Return whether this body of a response equals the one that was retrieved last; remember it."""
        mark, self._body_mark = self._body_mark, hash(body)
        if mark != self._body_mark:
            return False
        self.last_seen_at = max(self.last_seen_at, time)
        return True

    def count(self, call: Call) -> None:
        """Count a call about this run, even one that raised; each call counts once."""
        self.retry_count += call.retry_count
        call.retry_count = 0
        operation = call.operation
        looked = operation.looks_at_run and not call.is_stream
        polled = looked or (operation.polls and self.poll_count == 0)
        if polled and not self.ended:
            self.poll_count += 1

    def see_whole(self) -> None:
        """See that nothing of the run is missing: it has ended, whatever its status."""
        self.whole = self.ended = True

    def lose(self, lost: RunLost) -> None:
        """See that nothing more of the run will be seen, which is its error unless it has ended."""
        self.last_seen_at = max(self.last_seen_at, lost.time)
        if not self.ended:
            self.known.see_error(lost.error)
        if lost.deleted:
            self.known.see_deleted()

    def see_message(self, seen: MessageSeen) -> None:
        """See a message of this run."""
        self.output.see(seen, self._types, self._publish_event, run_ended=self.ended)
        if seen.live and seen.message.parts:
            self.see_output(seen.call, seen.time)

    def see_step(self, seen: StepSeen) -> None:
        """See a step of this run."""
        step, time = seen.step, seen.time
        started_at = self.timeline.placed(step.started_at, time)
        ended_at = self.timeline.placed(step.ended_at, time)
        placed = changed(step, started_at=started_at, ended_at=ended_at)
        self.steps.see(seen, placed, self._types.step_created)

    def see_output(self, call: Call, time: int) -> None:
        """See that output reached the app; a retrieve does not count, since it may repeat earlier output."""
        if not call.operation.looks_at_run and not self.streaming.first_output_at:
            self.streaming = self.streaming._replace(first_output_at=time)

    # -- its beginning, its changes, its end ------------------------------------------------------

    def _begin(self, seen: RunSeen) -> None:
        opening = seen.opening()
        self._types = opening.types
        self.known.begin(opening, self.common.shared)
        self.input = opening.input
        self.timeline.begin(seen.time)
        if not self.published_unfinished:
            self._publish_event(
                RunCreated,
                self.timeline.created_at,
                type=self._types.run_created,
                assistant=self.known.assistant,
                request=self.known.request,
                observed_from_start=self.created_here,
                turn_id=self.chain.turn_id,
                called_by=self.chain.called_by,
            )

    def adopt(self, seen: RunSeen) -> None:
        """Take what the call that created the run knows, after another look was read first."""
        opening = seen.opening()
        self.created_here = True
        self.came_with = seen.carried or self.came_with
        self.scope = restored(seen.call.scope, self.came_with, created_here=True)
        self.outlives_call = seen.outlives_call
        self.known.adopt(opening, seen.call.request_id, self.common.shared)
        self.input = opening.input or self.input
        self.timeline.created(seen.call.started_at)

    def restore(self, carried: Carried) -> None:
        """Take what the creator put into the run's metadata, after a look without it, as by a webhook."""
        self.came_with = carried
        self.scope = restored(self.scope, carried, created_here=self.created_here)

    def _publish_change(self, change: StatusChange, previous: RunStatus | None) -> None:
        self._publish_event(
            RunStatusChanged,
            change.time,
            type=change.type,
            previous=previous.name if previous is not None else None,
            status=change.status,
            learnt_from=change.learnt_from,
            server_time=change.server_time,
            seen_at=change.seen_at,
            stage=change.stage,
        )

    @property
    def status(self) -> RunStatus | None:
        """The latest status; ``None`` if none was seen."""
        return self.statuses.current

    @property
    def complete(self) -> bool:
        """Whether nothing is missing, so that the end can be published without waiting."""
        if not self.ended or self.looking:
            return False
        if self.whole or self.streaming.complete:
            return True
        steps = self._steps
        if steps is None:
            return False
        return steps.account_for(self.known.usage) and steps.message_ids <= self.output.published_ids

    @property
    def may_be_answered(self) -> bool:
        """Whether the app may still answer the run's calls: one that failed or broke off takes no outputs."""
        status = self.status
        return status is None or status.succeeded or not status.ended

    @property
    def kept(self) -> tuple[Any, ...]:
        """The parts of the record that take much memory."""
        output = () if self._output is None else self._output.kept
        steps = () if self._steps is None else self._steps.kept
        return (self.input, output, steps, *self.known.kept)

    @property
    def created_at_server(self) -> int:
        """When the run was created by the server's clock, to compare with timestamps of its messages."""
        return self.timeline.server_created_at

    def reopen(self) -> None:
        """Follow the run again after it was published as unfinished."""
        self.streaming = self.streaming._replace(left=False)
        self.settling = NOT_SETTLING
        self.steps.reopen()

    def steps_within(self, end: int, whole_at: int | None) -> tuple[Step, ...]:
        """Return its steps in order, none of which lasts longer than ``end``; see ``Steps.values``."""
        steps = () if self._steps is None else self._steps.values(whole_at)
        return tuple(self.timeline.within(step, end) for step in steps)

    def messages(self) -> tuple[Message, ...]:
        """Return the messages that the run has written so far."""
        return self.output.values(self.last_seen_at)

    def forget_content(self) -> None:
        """Forget what only ``RunEnded`` needed, after that was published; late outputs may still come."""
        self.input = ()
        self.known.forget_content()
        self.output.forget()

    def end_parts(self, answered_at: int) -> int:
        """Publish the ends of steps, tool calls and messages that are still open; return the run's own end.

        Without late outputs, it ended ``answered_at``. Both are Unix nanoseconds.
        """
        time = answered_at
        if self._steps is not None:
            if self.whole:
                time = max(answered_at, self._steps.calls.last_end)
            self._steps.end(time, self.status, self._types.step_unfinished)
        self.output.end(time, self._types, self._publish_event)
        return time

    def end(self, run: Run, time: int) -> None:
        """Publish the run itself, which ended, or was last seen, at ``time``."""
        supersedes, self.published_unfinished = self.published_unfinished, not self.ended
        self._publish_event(RunEnded, time, run=run, type=self._types.run_ended, supersedes=supersedes)

    def leave(self) -> None:
        """Publish the outputs that nothing asked for here: another process publishes the run."""
        if self._steps is not None:
            self._steps.calls.publish_answers()

    def _publish_event(self, event_class: Any, time: int, **fields: Any) -> None:
        if event_class is not RunEnded:
            fields["run_id"] = self.id
            fields["thread_id"] = self.thread_id
        # A clock may be set back: nothing of a run happens before it was created.
        fields["time"] = max(time, self.timeline.created_at)
        publish_event(self.common.publish, event_class, self.origin, self.scope, fields)
