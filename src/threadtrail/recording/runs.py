"""The life of one run: its status, its messages, its usage, and when all of it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from threadtrail._quick import changed
from threadtrail.events import RunCreated, RunEnded, RunStatusChanged
from threadtrail.recording.links import InChain
from threadtrail.recording.meaning import NO_PARTICULARS
from threadtrail.recording.messages import Messages
from threadtrail.recording.publishing import publish_event, restored
from threadtrail.recording.steps import Steps
from threadtrail.recording.timeline import Timeline
from threadtrail.recording.tool_calls import ToolCalls
from threadtrail.values import EMPTY, NO_REQUEST, Assistant, Failure, Message, Run, StatusChange

if TYPE_CHECKING:
    from threadtrail.context import Scope
    from threadtrail.recording.facts import MessageSeen, RunLost, RunSeen, StepSeen
    from threadtrail.recording.meaning import RunStatus
    from threadtrail.recording.observation import Call
    from threadtrail.recording.publishing import Origin, Publish, Server
    from threadtrail.recording.sharing import Shared
    from threadtrail.recording.tool_work import ToolWork
    from threadtrail.values import Carried, RunRequest, ToolCall


RunKey = tuple["Server", str]
"""Which run is meant: its server and its id."""


class Common(NamedTuple):
    """What the records of all runs use."""

    publish: Publish
    tools: ToolWork
    shared: Shared


class RunRecord:
    """Follows one run, whatever the app looks at, and publishes each fact of it once.

    ``scope`` and ``origin`` are those of the call that made the run known; ``scope`` has what the creator put
    into the run's metadata, too, which is ``came_with``. ``connection`` is the client and the event loop by
    which its details are fetched, with ``fetch_run_details``. A status never goes back: an answer that was
    overtaken by another changes nothing, and after an end nothing does.

    Thousands may be open at once, so it has slots, and makes what it needs for steps and messages with the
    first of them.
    """

    __slots__ = (
        "_answered_at",
        "_body_mark",
        "_common",
        "_deleted",
        "_error",
        "_history",
        "_incomplete_reason",
        "_metadata",
        "_model",
        "_one_generation",
        "_output",
        "_particulars",
        "_request",
        "_request_id",
        "_resumed_at",
        "_steps",
        "_timeline",
        "_types",
        "_usage",
        "assistant",
        "came_with",
        "chain",
        "connection",
        "created_here",
        "fetching",
        "first_output_at",
        "id",
        "id_reused",
        "input",
        "input_listed",
        "key",
        "last_seen_at",
        "left",
        "looking",
        "origin",
        "outlives_call",
        "poll_count",
        "published_unfinished",
        "resumed",
        "retry_count",
        "scope",
        "settled_at",
        "settling",
        "status",
        "stream_complete",
        "streamed",
        "thread_id",
        "touched_at",
        "waits_for_outputs",
        "whole",
    )

    origin: Origin
    resumed: int
    streamed: bool
    stream_complete: bool
    waits_for_outputs: bool
    input_listed: bool
    looking: bool
    whole: bool
    fetching: bool
    id_reused: bool

    def __init__(self, seen: RunSeen, origin: Origin, common: Common, *, created_here: bool) -> None:
        self.id: str = seen.run_id
        self.key: RunKey = (origin.server, seen.run_id)
        self.connection: tuple[Any, Any] | None = None
        self.scope: Scope = restored(seen.call.scope, seen.carried, created_here=created_here)
        self.came_with: Carried | None = seen.carried
        self.origin = origin
        self.created_here: bool = created_here
        self.thread_id: str | None = None
        self.assistant: Assistant | None = None
        self.status: RunStatus | None = None
        self.last_seen_at: int = seen.call.started_at
        self.touched_at: float = 0.0
        self.poll_count: int = 0
        self.retry_count: int = 0
        self.streamed = self.stream_complete = False
        self.waits_for_outputs = False
        self.chain: InChain = InChain(turn_id=seen.run_id)
        self.left: bool = False
        self.looking = self.whole = False
        self.outlives_call: bool = seen.outlives_call
        self.resumed = 0
        self.settling: bool = False
        self.settled_at: float = 0.0
        self.fetching = False
        self.first_output_at: int | None = None
        self.input: tuple[Message, ...] = ()
        self.input_listed = False
        self._steps: Steps | None = None
        self._output: Messages | None = None
        self._body_mark: int | None = None
        self._common = common
        self._timeline = Timeline(seen.call.started_at if created_here else None)
        self._history: tuple[StatusChange, ...] = ()
        self._answered_at = 0
        self._resumed_at = 0
        self._types: Any = None  # EventTypes, from its beginning on
        self.published_unfinished: bool = False
        self.id_reused = False
        self._request = NO_REQUEST
        self._usage: Any = None
        self._error: Failure | None = None
        self._incomplete_reason: str | None = None
        self._metadata: Any = EMPTY
        self._model: str | None = None
        self._particulars = NO_PARTICULARS
        self._request_id = seen.call.request_id
        self._deleted = False
        self._one_generation = False

    @property
    def steps(self) -> Steps:
        """Its steps and tool calls."""
        if self._steps is None:
            calls = ToolCalls(self._publish_event, ask=self._ask, worked_on=self._common.tools.worked_on)
            self._steps = Steps(self._publish_event, calls)
        return self._steps

    def _ask(self, call: ToolCall) -> None:
        self._common.tools.ask(call, self.id, self.chain.turn_id)

    @property
    def output(self) -> Messages:
        """The messages that it wrote."""
        if self._output is None:
            self._output = Messages(self._publish_event, self._timeline)
        return self._output

    # -- what is seen ---------------------------------------------------------------------------

    def see(self, seen: RunSeen) -> None:
        """See the run object."""
        self.last_seen_at = max(self.last_seen_at, seen.time)
        self.thread_id = seen.thread_id or self.thread_id
        self._timeline.server(seen)
        if self._types is None:
            self._begin(seen)
        self._take_facts(seen)
        status = seen.status
        if self.ended or status is None or self._overtaken(status, seen):
            return
        self._answered_at = max(self._answered_at, seen.time)
        awaited = self.status is not None and self.status.awaits_outputs
        self._take_status(status, seen)
        if status.awaits_outputs:
            self.steps.calls.require(seen.required_calls, seen.time, anew=not awaited)

    def looks_the_same(self, body: bytes, time: int) -> bool:
        """Whether this body of a response is the one that was retrieved last; from now on it is."""
        mark, self._body_mark = self._body_mark, hash(body)
        if mark != self._body_mark:
            return False
        self.last_seen_at = max(self.last_seen_at, time)
        return True

    def count(self, call: Call) -> None:
        """Count a call about this run, also one that raised; each call counts once."""
        self.retry_count += call.retry_count
        call.retry_count = 0
        operation = call.operation
        looked = operation.looks_at_run and not call.is_stream
        polled = looked or (operation.polls and self.poll_count == 0)
        if polled and not self.ended:
            self.poll_count += 1

    def _take_facts(self, seen: RunSeen) -> None:
        """Take what is not the status; a server may send it late, so also of a run that has ended."""
        self._usage = seen.usage or self._usage
        self._error = seen.error or self._error
        self._incomplete_reason = seen.incomplete_reason or self._incomplete_reason
        self._metadata = seen.metadata if seen.metadata is not None else self._metadata
        self._model = seen.model or self._model
        if seen.particulars is not NO_PARTICULARS:
            updated = self._particulars.updated(seen.particulars)
            self._particulars = self._common.shared.one("particulars", updated)

    def lose(self, lost: RunLost) -> None:
        """See that nothing more of the run will be seen."""
        self.last_seen_at = max(self.last_seen_at, lost.time)
        self.see_error(lost.error)
        self._deleted = self._deleted or lost.deleted

    @property
    def is_background(self) -> bool:
        """Whether the server works on the run by itself, also where nobody listens."""
        return self._particulars.background is True

    @property
    def previous_run_id(self) -> str | None:
        """The run that it follows in a chain."""
        return self._particulars.previous_run_id

    def see_error(self, error: Failure | None) -> None:
        """See what went wrong, if something did, where the run itself does not say."""
        self._error = self._error or error

    @property
    def has_error(self) -> bool:
        """Whether an error of the run is known."""
        return self._error is not None

    def _overtaken(self, status: RunStatus, seen: RunSeen) -> bool:
        """Whether another answer came between question and answer, and knew more.

        So it is with two pollers, and with one that asks while the app submits outputs.
        """
        if status.ended or seen.learnt_from == "submit" or self.status is None:
            return False
        if seen.asked_at < self._resumed_at:
            return True
        return seen.asked_at < self._answered_at and status.rank < self.status.rank

    def see_message(self, seen: MessageSeen) -> None:
        """See a message of this run."""
        self.output.see(seen, self._types, run_ended=self.ended)
        if seen.live and seen.message.parts:
            self.see_output(seen.call, seen.time)

    def see_step(self, seen: StepSeen) -> None:
        """See a step of this run."""
        step, time = seen.step, seen.time
        started_at = self._timeline.placed(step.started_at, time)
        ended_at = self._timeline.placed(step.ended_at, time)
        placed = changed(step, started_at=started_at, ended_at=ended_at)
        self.steps.see(seen, placed, self._types.step_created)

    def see_output(self, call: Call, time: int) -> None:
        """See something of the answer that reached the app; a later look may only repeat it."""
        if not call.operation.looks_at_run:
            self.first_output_at = self.first_output_at or time

    # -- its beginning, its changes, its end ------------------------------------------------------

    def _begin(self, seen: RunSeen) -> None:
        opening = seen.opening()
        self._types = opening.types
        self._take_request(opening.request, opening.assistant)
        self.input = opening.input
        self._one_generation = opening.one_generation
        self._timeline.begin(seen.time)
        if not self.published_unfinished:
            self._publish_event(
                RunCreated,
                self._timeline.created_at,
                type=self._types.run_created,
                assistant=self.assistant,
                request=self._request,
                observed_from_start=self.created_here,
                turn_id=self.chain.turn_id,
                called_by=self.chain.called_by,
            )

    def adopt(self, seen: RunSeen) -> None:
        """Take what the call that created the run knows: some other look at it came before."""
        opening = seen.opening()
        self.created_here = True
        self.came_with = seen.carried or self.came_with
        self.scope = restored(seen.call.scope, self.came_with, created_here=True)
        self.outlives_call = seen.outlives_call
        self._take_request(opening.request, opening.assistant or self.assistant)
        self._request_id = seen.call.request_id
        self.input = opening.input or self.input
        self._timeline.created(seen.call.started_at)

    def _take_request(self, request: RunRequest, assistant: Assistant | None) -> None:
        """Take what the run was asked to do, mostly the same as other runs of its assistant."""
        one = self._common.shared.one
        kind = None if assistant is None else assistant.id
        self._request = one(("request", kind, request.model), request)
        self.assistant = None if assistant is None else one(("assistant", kind), assistant)

    def restore(self, carried: Carried) -> None:
        """Take what the creator put into the run's metadata: an earlier look, as by a webhook, had none."""
        self.came_with = carried
        self.scope = restored(self.scope, carried, created_here=self.created_here)

    def _take_status(self, status: RunStatus, seen: RunSeen) -> None:
        previous = self.status
        if previous is not None and status.name == previous.name:
            if status.ended:  # so far it was only said
                self.status = status
                self._timeline.reach(status, seen.time, live=True)
            return
        self.status = status
        if previous is not None and previous.awaits_outputs and not self.ended:
            self._resumed_at = seen.time
        first_look = previous is None and not self.created_here
        moment = self._timeline.reach(status, seen.time, live=not first_look)
        change = StatusChange(
            status=status.name,
            time=moment,
            learnt_from=seen.learnt_from,
            type=status.type,
            server_time=self._timeline.stamp_of(status),
            seen_at=seen.time if first_look else None,
            stage=status.stage,
        )
        self._history = (*self._history, change)
        self._publish_event(
            RunStatusChanged,
            moment,
            type=status.type,
            previous=previous.name if previous is not None else None,
            status=status.name,
            learnt_from=seen.learnt_from,
            server_time=change.server_time,
            seen_at=change.seen_at,
            stage=change.stage,
        )

    @property
    def ended(self) -> bool:
        """Whether the run is over: it has a status after which it does not change, or the server left it."""
        return self.whole or (self.status is not None and self.status.ended)

    @property
    def complete(self) -> bool:
        """Whether nothing is missing that usually follows: the end can be published without waiting."""
        if not self.ended or self.looking:
            return False
        if self.whole or self.stream_complete:
            return True
        steps = self.steps
        return steps.account_for(self._usage) and steps.message_ids <= self.output.published_ids

    @property
    def may_be_answered(self) -> bool:
        """Whether the app may still answer the run's calls: one that failed, or was cut, takes no outputs."""
        return self.status is None or self.status.succeeded or not self.status.ended

    @property
    def kept(self) -> tuple[Any, ...]:
        """What takes room of what is known of the run."""
        output = () if self._output is None else self._output.kept
        steps = () if self._steps is None else self._steps.kept
        return (self.input, output, steps, self._request, self._metadata)

    @property
    def created_at_server(self) -> int:
        """When the run was created, by the server's clock: its messages' stamps compare with that."""
        return self._timeline.server_created_at

    def reopen(self) -> None:
        """Follow the run again, which was published as unfinished."""
        self.left = False
        self.settling = False
        self.steps.reopen()

    def messages(self) -> tuple[Message, ...]:
        """Return what the run wrote so far."""
        return self.output.values(self.last_seen_at)

    def forget_content(self) -> None:
        """Forget what only ``RunEnded`` needed: the run was published, and waits for late outputs at most."""
        self.input, self._request, self._metadata = (), NO_REQUEST, EMPTY
        self.output.forget()

    def end(self) -> Run | None:
        """Publish what is still open, then the whole run, last of all; return it, if it was published.

        At most once while the run is unfinished, and once when it has finished.
        """
        if self.published_unfinished and not self.ended:
            return None
        answered_at = self._timeline.end(self.last_seen_at)
        time = max(answered_at, self.steps.calls.last_end) if self.whole else answered_at
        self.steps.end(time, self.status, self._types.step_unfinished)
        self.output.end(time, self._types)
        ended = {"type": self._types.run_ended, "supersedes": self.published_unfinished}
        self.published_unfinished = not self.ended
        run = self._whole(time, answered_at)
        self._publish_event(RunEnded, time, run=run, **ended)
        return run

    def _whole(self, time: int, answered_at: int) -> Run:
        timeline, status = self._timeline, self.status
        whole_at = answered_at if self.whole else None
        return Run(
            id=self.id,
            thread_id=self.thread_id,
            assistant=self.assistant,
            model=self._model or self._request.model,
            request=self._request,
            status=status.name if status is not None else None,
            status_history=self._history,
            finished=self.ended,
            created_at=timeline.created_at,
            started_at=timeline.started_at,
            ended_at=time,
            first_output_at=self.first_output_at,
            input=self.input,
            output=self.output.values(time),
            steps=tuple(timeline.within(step, time) for step in self.steps.values(whole_at)),
            usage=self._usage,
            error=self._error or self._unnamed_error(),
            incomplete_reason=self._incomplete_reason,
            poll_count=self.poll_count,
            retry_count=self.retry_count,
            streamed=self.streamed,
            observed_from_start=self.created_here,
            awaits_outputs=status is not None and status.awaits_outputs,
            metadata=self._metadata,
            attributes=self.scope.attributes,
            source=self.origin.source,
            resumed=self.resumed,
            answered_at=whole_at,
            request_id=self._request_id,
            deleted=self._deleted,
            answers=tuple(dict.fromkeys(link.run_id for link in self.chain.links)),
            turn_id=self.chain.turn_id,
            session_key=self.chain.session_key,
            input_repeated=self.chain.input_repeated,
            **self._particulars.fields(),
            one_generation=self._one_generation,
            id_reused=self.id_reused,
            called_by=self.chain.called_by,
            carried=self.scope.carried,
        )

    def _unnamed_error(self) -> Failure | None:
        """Return the error of a run that failed without one, as expired runs often do."""
        return Failure(type=self.status.name) if self.status is not None and self.status.failed else None

    def _publish_event(self, event_class: Any, time: int, **fields: Any) -> None:
        if event_class is not RunEnded:
            fields["run_id"] = self.id
            fields["thread_id"] = self.thread_id
        publish_event(self._common.publish, event_class, time, self.origin, self.scope, **fields)
