"""The life of one run: its status, its messages, its usage, and when all of it is known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from threadtrail.events import (
    Event,
    MessageCompleted,
    MessageCreated,
    RunCreated,
    RunEnded,
    RunStatusChanged,
)
from threadtrail.recording import assistants as read
from threadtrail.recording.kinds import POLL, RETRIEVE
from threadtrail.recording.steps import Steps
from threadtrail.recording.timeline import Timeline
from threadtrail.values import EMPTY, NO_REQUEST, Assistant, Message, Run, StatusChange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from threadtrail.recording.observation import Call
    from threadtrail.recording.origin import Origin

    Publish = Callable[[Event, Mapping[str, object] | None], None]


PROGRESS = {"queued": 0, "in_progress": 1, "requires_action": 2, "cancelling": 2}
"""How far a run has come by its status; an end is the farthest, an unknown status says "somewhere"."""


class RunRecord:
    """Follows one run, whatever the app looks at, and tells each fact of it once.

    ``scope`` and ``origin`` are those of the call that made the run known. Status is a one-way street:
    an answer that was overtaken by another changes nothing, and after an end nothing does.
    """

    def __init__(
        self, run_id: str, call: Call, origin: Origin, publish: Publish, *, created_here: bool
    ) -> None:
        self.id = run_id
        self.client: Any = None
        self.loop: Any = None
        self.scope = call.scope
        self.created_here = created_here
        self.thread_id: str | None = None
        self.assistant: Assistant | None = None
        self.status: str | None = None
        self.last_seen_at = call.started_at
        self.poll_count = 0
        self.retry_count = 0
        self.streamed = False
        self.stream_complete = False
        self.settling = False
        self.first_output_at: int | None = None
        self.input: tuple[Message, ...] = ()
        self.input_read = False
        self.steps = Steps(self._tell)
        self._output: dict[str, Message] = {}
        self._places: dict[str, int] = {}
        self._told_messages: set[str] = set()
        self._body_mark: int | None = None
        self._publish = publish
        self._origin = origin
        self._timeline = Timeline(call.started_at if created_here else None)
        self._history: list[StatusChange] = []
        self._answered_at = 0
        self._resumed_at = 0
        self._told = False
        self._request = NO_REQUEST
        self._usage: Any = None
        self._error: Any = None
        self._incomplete_reason: str | None = None
        self._metadata: Any = EMPTY

    # -- what is seen ---------------------------------------------------------------------------

    def see(
        self, data: dict[str, Any], time: int, learnt_from: str, call: Call, assistant: Assistant | None
    ) -> None:
        """The run object was seen: in an answer, in a list or in a stream."""
        self.last_seen_at = max(self.last_seen_at, time)
        self.thread_id = read.text_or_none(data.get("thread_id")) or self.thread_id
        self._timeline.server(data)
        if not self._told:
            self._begin(data, time, call, assistant)
        self._take_facts(data)
        status = read.text_or_none(data.get("status"))
        asked_at = time if learnt_from == "stream" else call.started_at
        if self.ended or status is None or self._overtaken(status, asked_at, learnt_from):
            return
        self._answered_at = max(self._answered_at, time)
        self._take_status(status, time, learnt_from)
        if status == "requires_action":
            self.steps.require(read.required_tool_calls(data), time)

    def looks_the_same(self, body: bytes, time: int) -> bool:
        """Whether this body of a response is the one that was retrieved last; from now on it is."""
        mark, self._body_mark = self._body_mark, hash(body)
        if mark != self._body_mark:
            return False
        self.last_seen_at = max(self.last_seen_at, time)
        return True

    def count(self, call: Call) -> None:
        """The run was looked at, or asked for in vain; each call counts once."""
        self.retry_count += call.retry_count
        call.retry_count = 0
        polled = call.operation == RETRIEVE or (call.operation == POLL and self.poll_count == 0)
        if polled and not self.ended:
            self.poll_count += 1

    def stream(self) -> None:
        """The run was seen in a stream."""
        self.streamed = True

    def _take_facts(self, data: dict[str, Any]) -> None:
        """What is not the status; a server may say it late, so also of a run that has ended."""
        self._usage = read.usage(data.get("usage")) or self._usage
        self._error = read.failure(data.get("last_error")) or self._error
        reason = read.mapping(data.get("incomplete_details")).get("reason")
        self._incomplete_reason = read.text_or_none(reason) or self._incomplete_reason
        self._metadata = read.metadata(data.get("metadata")) if "metadata" in data else self._metadata

    def _overtaken(self, status: str, asked_at: int, learnt_from: str) -> bool:
        """Whether another answer came between question and answer, and knew more.

        So it is with two pollers, and with one that asks while the app submits outputs.
        """
        if status in read.RUN_ENDS or learnt_from == "submit" or self.status is None:
            return False
        if asked_at < self._resumed_at:
            return True
        return asked_at < self._answered_at and PROGRESS.get(status, 1) < PROGRESS.get(self.status, 1)

    def see_message(self, message: Message, time: int, *, live: bool, place: int | None = None) -> None:
        """A message of this run was seen, in a stream (``live``) or in a list.

        Messages of the same second stand in the order of ``place``, which is ``time`` if not given.
        """
        identity = message.id
        if identity is None:
            return
        created_at = self._timeline.placed(message.created_at, time)
        completed_at = self._timeline.placed(message.completed_at, time)
        message = replace(message, created_at=created_at, completed_at=completed_at)
        known = self._output.get(identity)
        if known is None and live:
            self._tell(MessageCreated, time, message=message)
        if live and message.parts:
            self.see_output(time)
        if known is None:
            self._output[identity] = message
            self._places[identity] = time if place is None else place
        elif known.status not in read.MESSAGE_ENDS and (known.status or message.status != "in_progress"):
            # What a broken stream had of a message is no news to one who has read it in a list.
            self._output[identity] = replace(message, created_at=created_at or known.created_at)
        # A message that is read later carries no status: it is complete when its run has ended.
        done = message.status in read.MESSAGE_ENDS or (message.status is None and self.ended)
        if done and identity not in self._told_messages:
            self._complete_message(message, time if live else completed_at or time)

    def see_step(self, data: dict[str, Any], time: int, *, live: bool, place: int | None = None) -> None:
        """A step of this run was seen, in a stream (``live``) or in a list; ``place`` as for messages."""
        step = read.step(data)
        started_at = self._timeline.placed(step.started_at, time)
        ended_at = self._timeline.placed(step.ended_at, time)
        self.steps.see(replace(step, started_at=started_at, ended_at=ended_at), time, live=live, place=place)

    def submit(self, outputs: Iterable[Any], time: int) -> None:
        """The app submitted outputs of tool calls."""
        self.steps.submit(outputs, time)

    def see_output(self, time: int) -> None:
        """Something of the answer reached the user."""
        self.first_output_at = self.first_output_at or time

    # -- its beginning, its changes, its end ------------------------------------------------------

    def _begin(self, data: dict[str, Any], time: int, call: Call, assistant: Assistant | None) -> None:
        self._told = True
        self._timeline.begin(time)
        identity = read.text_or_none(data.get("assistant_id"))
        self.assistant = assistant or (Assistant(id=identity) if identity else None)
        self._request = read.request(data, call.arguments if self.created_here else {})
        self._metadata = read.metadata(data.get("metadata"))
        self._tell(
            RunCreated,
            self._timeline.created_at,
            assistant=self.assistant,
            request=self._request,
            observed_from_start=self.created_here,
        )

    def _take_status(self, status: str, time: int, learnt_from: str) -> None:
        if status == self.status:
            return
        previous, self.status = self.status, status
        if previous == "requires_action" and not self.ended:
            self._resumed_at = time
        first_look = previous is None and not self.created_here
        moment = self._timeline.reach(status, time, live=not first_look)
        self._history.append(StatusChange(status=status, time=moment, learnt_from=learnt_from))
        self._tell(
            RunStatusChanged,
            moment,
            type=f"thread.run.{status}",
            previous=previous,
            status=status,
            learnt_from=learnt_from,
        )

    @property
    def ended(self) -> bool:
        """Whether the run has reached a status after which it does not change."""
        return self.status in read.RUN_ENDS

    @property
    def complete(self) -> bool:
        """Whether nothing is missing that usually follows: the run can be told without waiting."""
        if not self.ended:
            return False
        steps = self.steps
        return self.stream_complete or (
            steps.account_for(self._usage) and steps.message_ids <= self._told_messages
        )

    @property
    def created_at_server(self) -> int:
        """When the run was created, by the server's clock: what its messages' stamps compare with."""
        return self._timeline.server_created_at

    def end(self) -> None:
        """Tell what is still open, then the whole run, last of all."""
        finished = self.ended
        time = self._timeline.end(self.last_seen_at)
        self.steps.end(time, self.status, finished=finished)
        for message in list(self._output.values()):
            if message.id is not None and message.id not in self._told_messages:
                cut = message.status == "in_progress"
                self._complete_message(message, time, "thread.message.incomplete" if cut else None)
        self._tell(RunEnded, time, run=self._whole(time, finished=finished))

    def _complete_message(self, message: Message, time: int, event_type: str | None = None) -> None:
        self._told_messages.add(str(message.id))
        kind = event_type or f"thread.message.{message.status or 'completed'}"
        self._tell(MessageCompleted, time, type=kind, message=message)

    def _whole(self, time: int, *, finished: bool) -> Run:
        timeline = self._timeline
        return Run(
            id=self.id,
            thread_id=self.thread_id,
            assistant=self.assistant,
            model=self._request.model,
            request=self._request,
            status=self.status,
            status_history=tuple(self._history),
            finished=finished,
            created_at=timeline.created_at,
            started_at=timeline.started_at,
            ended_at=time,
            first_output_at=self.first_output_at,
            input=self.input,
            output=tuple(timeline.said_within(message, time) for message in self._in_order()),
            steps=tuple(timeline.within(step, time) for step in self.steps.values()),
            usage=self._usage,
            error=self._error or self._expiry(),
            incomplete_reason=self._incomplete_reason,
            poll_count=self.poll_count,
            retry_count=self.retry_count,
            streamed=self.streamed,
            observed_from_start=self.created_here,
            metadata=self._metadata,
            attributes=self.scope.attributes,
        )

    def _in_order(self) -> list[Message]:
        order = sorted(self._output, key=lambda key: (self._output[key].created_at or 0, self._places[key]))
        return [self._output[identity] for identity in order]

    def _expiry(self) -> Any:
        """An expired run often carries no ``last_error``; it is an error all the same."""
        return read.failure({"code": self.status}) if self.status in {"expired", "failed"} else None

    def _tell(self, event_class: Any, time: int, **fields: Any) -> None:
        origin = self._origin
        if event_class is not RunEnded:
            fields["run_id"] = self.id
            fields["thread_id"] = self.thread_id
        event = event_class(
            time=time,
            source=origin.source,
            provider=origin.provider,
            server_address=origin.server_address,
            server_port=origin.server_port,
            attributes=self.scope.attributes,
            trace_id=self.scope.trace_id,
            **fields,
        )
        self._publish(event, self.scope.contexts)
