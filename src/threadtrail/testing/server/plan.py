"""The plan of one run: a generator that plays its script event by event.

Streams send the events; polls only advance the generator. So both see the same run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from threadtrail.testing.server import deltas, objects
from threadtrail.testing.server.responses.calls import ResponsesCall
from threadtrail.testing.server.script import (
    Cancelled,
    Completed,
    End,
    EndsAs,
    Expired,
    Failed,
    Hangs,
    Incomplete,
    RunScript,
)
from threadtrail.testing.server.steps import (
    AssistantsCall,
    FunctionCall,
    Message,
    Step,
    StreamEvent,
    SubmittedOutput,
    ToolCalls,
    Usage,
)

if TYPE_CHECKING:
    from threadtrail.testing.server.objects import Json

_TIMESTAMPS = {"completed": "completed_at", "failed": "failed_at", "cancelled": "cancelled_at"}


class Event(NamedTuple):
    """One event of a run: its name in a stream, and the object as it is at this moment."""

    name: str
    data: Mapping[str, Any]


STREAM_ENDS = Event("done", {})


class World(Protocol):
    """What a run needs from the server."""

    def now(self) -> int:
        """Return the time in whole seconds."""

    def new_id(self, prefix: str) -> str:
        """Return a new id."""

    def add_message(self, message: Json) -> None:
        """Put a message on its thread."""


Plan = Iterator[Event | None]
"""Events still to come; `None` means that nothing happens until somebody intervenes."""


class RunPlan:
    """Makes the events of one run, and changes the run's objects as it goes.

    Attributes:
        body: the run.
        steps: its steps so far.
        steps_in_leg: how many steps were played since the run was last queued.
        steps_of_leg: how many there are until the run may wait for outputs, or end.
        submitted: outputs that the application submitted so far.
        open_step: the step that is still being worked on.
    """

    def __init__(self, body: Json, script: RunScript, world: World) -> None:
        self.body = body
        self.steps: list[Json] = []
        self.steps_in_leg: int = 0
        self.submitted: list[SubmittedOutput] = []
        self.open_step: Json | None = None
        self._open_message: Json | None = None
        self._usage_of_open_step: Usage | None = None
        self._script = script
        self._world = world
        self._next_step = 0
        self.steps_of_leg: int = self._count_leg()

    def begin(self) -> Plan:
        """Play from the start until the run ends or waits for outputs."""
        yield Event("thread.run.created", self.body)
        yield Event("thread.run.queued", self.body)
        yield from self._play_steps()

    def resume(self, step: Json) -> Plan:
        """Continue after the outputs of this step were submitted."""
        self.steps_in_leg, self.steps_of_leg = 0, self._count_leg()
        yield from self._end_step(step, "completed")
        yield Event("thread.run.queued", self.body)
        yield from self._play_steps()

    def _play_steps(self) -> Plan:
        self.body["status"] = "in_progress"
        self.body["started_at"] = self.body["started_at"] or self._world.now()
        yield Event("thread.run.in_progress", self.body)
        steps = self._script.steps
        while self._next_step < len(steps):
            step = steps[self._next_step]
            self._next_step += 1
            if callable(step):
                step = step(tuple(self.submitted))
            yield from self._play_step(step)
            if self.body["status"] == "requires_action":
                return
        yield from self.finish(self._script.end)

    def _play_step(self, step: Step) -> Plan:
        unfinished = (
            self._next_step == len(self._script.steps)
            and not isinstance(self._script.end, Completed)
            and not self._script.finish_steps
        )
        match step:
            case Message():
                yield from self._write_message(step, unfinished)
            case ToolCalls() if _calls(step) or not step.calls:
                yield from self._call_tools(step, unfinished)
            case StreamEvent():
                yield Event(step.event, step.data)
        self.steps_in_leg += 1

    def _write_message(self, step: Message, unfinished: bool) -> Plan:
        message = objects.new_run_message(self._world.new_id("msg_"), self._world.now(), self.body)
        message.update(step.extra)
        details = {"type": "message_creation", "message_creation": {"message_id": message["id"]}}
        body = self._new_step(details, step)
        yield Event("thread.run.step.created", body)
        yield Event("thread.run.step.in_progress", body)
        self._open_message = message
        self._world.add_message(message)
        yield Event("thread.message.created", message)
        yield Event("thread.message.in_progress", message)
        for index, part in enumerate(step.parts):
            for piece in deltas.message_part(part, index, message["content"], self._world.new_id):
                data = {
                    "id": message["id"],
                    "object": "thread.message.delta",
                    "delta": {"content": [piece]},
                }
                yield Event("thread.message.delta", data)
        if unfinished:
            return
        self._open_message = None
        message.update(status="completed", completed_at=self._world.now())
        yield Event("thread.message.completed", message)
        yield from self._end_step(body, "completed")

    def _call_tools(self, step: ToolCalls, unfinished: bool) -> Plan:
        calls: list[Json] = []
        body = self._new_step({"type": "tool_calls", "tool_calls": calls}, step)
        yield Event("thread.run.step.created", body)
        yield Event("thread.run.step.in_progress", body)
        for index, call in enumerate(_calls(step)):
            for piece in deltas.tool_call(call, index, calls, self._world.new_id):
                data = {
                    "id": body["id"],
                    "object": "thread.run.step.delta",
                    "delta": {"step_details": {"type": "tool_calls", "tool_calls": [piece]}},
                }
                yield Event("thread.run.step.delta", data)
        if _needs_outputs(step):
            self.body["status"] = "requires_action"
            self.body["required_action"] = _required_action(calls)
            yield Event("thread.run.requires_action", self.body)
        elif not unfinished:
            yield from self._end_step(body, "completed")

    def _new_step(self, details: Json, step: Message | ToolCalls) -> Json:
        body = objects.new_step(self._world.new_id("step_"), self._world.now(), self.body, details)
        if isinstance(step, ToolCalls):
            body.update(step.extra)
        self._usage_of_open_step = step.usage
        self.open_step = body
        self.steps.append(body)
        return body

    def _end_step(self, step: Json, status: str, error: Json | None = None) -> Plan:
        self.open_step = None
        step["status"] = status
        step[f"{status}_at"] = self._world.now()
        step["expires_at"] = None
        step["last_error"] = error
        step["usage"] = self._usage_of_open_step and self._usage_of_open_step.to_json()
        yield Event(f"thread.run.step.{status}", step)

    # -- ends -----------------------------------------------------------------------------

    def _count_leg(self) -> int:
        steps = self._script.steps[self._next_step :]
        for number, step in enumerate(steps, 1):
            # A step made by a function may turn out to call functions, too.
            if callable(step) or (isinstance(step, ToolCalls) and _needs_outputs(step)):
                return number
        return len(steps)

    def finish(self, end: End) -> Plan:
        """Play the end."""
        match end:
            case Completed():
                yield self._end("completed")
            case Failed():
                error = {"code": end.code, "message": end.message}
                yield from self._close("failed", "run_failed", error)
                self.body["last_error"] = error
                yield self._end("failed")
            case Incomplete():
                yield from self._close("completed", "max_tokens")
                self.body["incomplete_details"] = {"reason": end.reason}
                yield self._end("incomplete")
            case Expired():
                yield from self._close("expired", "run_expired")
                yield self._end("expired")
            case Cancelled():
                self.body["status"] = "cancelling"
                yield Event("thread.run.cancelling", self.body)
                yield from self._close("cancelled", "run_cancelled")
                yield self._end("cancelled")
            case EndsAs():
                yield self._end(end.status)
            case Hangs():
                while True:
                    yield None

    def _close(self, step_status: str, reason: str, error: Json | None = None) -> Plan:
        """End the message and the step that are in progress."""
        message, self._open_message = self._open_message, None
        if message is not None:
            message["status"] = "incomplete"
            message["incomplete_details"] = {"reason": reason}
            message["incomplete_at"] = self._world.now()
            yield Event("thread.message.incomplete", message)
        if self.open_step is not None:
            yield from self._end_step(self.open_step, step_status, error)

    def _end(self, status: str) -> Event:
        self.body["status"] = status
        self.body["expires_at"] = None
        self.body["required_action"] = None
        if status in _TIMESTAMPS:
            self.body[_TIMESTAMPS[status]] = self._world.now()
        self.body["usage"] = self._usage()
        return Event(f"thread.run.{status}", self.body)

    def _usage(self) -> Json | None:
        usage = self._script.usage
        if usage is None:
            return None
        if isinstance(usage, Usage):
            return usage.to_json()
        if usage != "sum":
            return dict(usage)
        known = [step["usage"] for step in self.steps if step["usage"] is not None]
        names = ("prompt_tokens", "completion_tokens", "total_tokens")
        return {name: sum(item[name] for item in known) for name in names}


def _calls(step: ToolCalls) -> list[AssistantsCall]:
    return [call for call in step.calls if not isinstance(call, ResponsesCall)]


def _needs_outputs(step: ToolCalls) -> bool:
    return any(isinstance(call, FunctionCall) for call in step.calls)


def _required_action(calls: Sequence[Mapping[str, Any]]) -> Json:
    pending = [
        {
            "id": call["id"],
            "type": "function",
            "function": {
                "name": call["function"]["name"],
                "arguments": call["function"]["arguments"],
            },
        }
        for call in calls
        if call["type"] == "function"
    ]
    return {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": pending}}
