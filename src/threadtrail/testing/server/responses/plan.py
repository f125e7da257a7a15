"""The plan of one response: a generator that plays its scene event by event.

Streams send the events; polls only advance the generator. So both see the same response.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from threadtrail.testing.server.plan import Event, Plan
from threadtrail.testing.server.responses.history import open_calls
from threadtrail.testing.server.responses.items import items_of
from threadtrail.testing.server.responses.objects import usage_of
from threadtrail.testing.server.script import (
    Cancelled,
    Completed,
    End,
    EndsAs,
    Expired,
    Failed,
    Hangs,
    Incomplete,
)
from threadtrail.testing.server.steps import Message, Step, StreamEvent, ToolCalls, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from threadtrail.testing.server.objects import Json
    from threadtrail.testing.server.responses.scene import Scene
    from threadtrail.testing.server.responses.writing import Pieces

_CLOSING = (".done", ".completed", ".failed")
_REASONS = {
    "max_completion_tokens": "max_output_tokens",
    "max_prompt_tokens": "max_output_tokens",
}
ENDS = frozenset({"completed", "incomplete", "failed", "cancelled"})
_EXPIRED = {"code": "server_error", "message": "The response expired before it was done."}


class World(Protocol):
    """What a response needs from the server."""

    def now(self) -> int:
        """Return the time in whole seconds."""

    def new_id(self, prefix: str) -> str:
        """Return a new id."""


class ResponsePlan:
    """Makes the events of one response, and changes its body as it goes.

    Attributes:
        body: the response, with all that was not asked for by `include`.
        next_step: the number of the step that is played next.
        steps_done: how many steps were played.
        steps_of_leg: how many there are until the response may wait for the application, or end.
    """

    def __init__(self, body: Json, scene: Scene, world: World) -> None:
        self.body = body
        self.next_step: int = scene.step
        self.steps_done: int = 0
        self._scene = scene
        self._script = scene.script
        self._world = world
        self._usages: list[Usage] = []
        self._unfinished: Json | None = None
        self.steps_of_leg: int = self._count_leg()

    @property
    def calls(self) -> list[Mapping[str, Any]]:
        """The calls of this response that the application is to answer."""
        return open_calls(self.body["output"])

    def play(self) -> Plan:
        """Play from the start to the end."""
        yield self._life("created")
        if self.body["status"] == "queued":
            yield self._life("queued")
        self.body["status"] = "in_progress"
        yield self._life("in_progress")
        steps = self._script.steps
        while self.next_step < len(steps):
            step = steps[self.next_step]
            self.next_step += 1
            unfinished = self._finds_unfinished()
            yield from self._play_step(step(self._scene.submitted) if callable(step) else step, unfinished)
            self.steps_done += 1
            if self.calls and not unfinished:
                yield from self.finish(Completed())
                return
        yield from self.finish(self._script.end)

    def _finds_unfinished(self) -> bool:
        is_last = self.next_step == len(self._script.steps)
        return is_last and not isinstance(self._script.end, Completed) and not self._script.finish_steps

    def _play_step(self, step: Step, unfinished: bool) -> Plan:
        if isinstance(step, StreamEvent):
            yield Event(step.event, dict(step.data))
            return
        if isinstance(step, Message | ToolCalls) and step.usage is not None:
            self._usages.append(step.usage)
        items = list(items_of(step, self._world.new_id))
        for number, (item, pieces) in enumerate(items, 1):
            yield from self._play_item(item, pieces, unfinished and number == len(items))

    def _play_item(self, item: Json, pieces: Pieces, unfinished: bool) -> Plan:
        index = len(self.body["output"])
        place = {"item_id": item.get("id"), "output_index": index}
        yield Event("response.output_item.added", {"output_index": index, "item": item})
        if unfinished:
            self._unfinished = item
            pieces = self._without_closing(pieces)
        for name, data in pieces:
            yield Event(f"response.{name}", {**place, **data})
        if not unfinished:
            yield from self._end_item(item, "completed")

    def _without_closing(self, pieces: Pieces) -> Pieces:
        """Leave out the events that close the last part of the item: a limit closes it without them."""
        held: list[tuple[str, Json]] = []
        for piece in pieces:
            if not piece[0].endswith(_CLOSING):
                yield from held
                held.clear()
                yield piece
            else:
                held.append(piece)
        if isinstance(self._script.end, Incomplete):
            yield from held

    def _end_item(self, item: Json, status: str) -> Iterator[Event]:
        if item.get("status") == "in_progress" or (status == "incomplete" and "status" in item):
            item["status"] = status
        index = len(self.body["output"])
        self.body["output"].append(item)
        yield Event("response.output_item.done", {"output_index": index, "item": item})

    # -- ends -----------------------------------------------------------------------------

    def _count_leg(self) -> int:
        steps = self._script.steps[self.next_step :]
        for number, step in enumerate(steps, 1):
            if callable(step) or isinstance(step, ToolCalls):
                return number
        return len(steps)

    def finish(self, end: End) -> Plan:
        """Play the end."""
        match end:
            case Completed():
                self.body["completed_at"] = self._world.now()
                yield self._end("completed")
            case Failed():
                self._fail({"code": end.code, "message": end.message})
                yield self._end("failed")
            case Incomplete():
                if self._unfinished is not None:
                    yield from self._end_item(self._unfinished, "incomplete")
                self.body["incomplete_details"] = {"reason": _REASONS.get(end.reason, end.reason)}
                yield self._end("incomplete")
            case Expired():
                self._fail(_EXPIRED)
                yield self._end("failed")
            case Cancelled():
                self.cancel()
            case EndsAs():
                self._close()
                yield self._end(end.status)
            case Hangs():
                while True:
                    yield None

    def cancel(self) -> None:
        """End as cancelled, without an event."""
        self._close()
        self.body["status"] = "cancelled"

    def _fail(self, error: Mapping[str, str]) -> None:
        self._close()
        self.body["error"] = dict(error)

    def _close(self) -> None:
        for _ in self._end_item(self._unfinished, "incomplete") if self._unfinished else ():
            pass  # A response that fails sends no event of the item that it leaves unfinished.
        self._unfinished = None

    def _end(self, status: str) -> Event:
        self.body["status"] = status
        self.body["usage"] = self._usage()
        if self._script.tool_usage is not None:
            self.body["tool_usage"] = dict(self._script.tool_usage)
        return self._life(status)

    def _life(self, name: str) -> Event:
        return Event(f"response.{name}", {"response": self.body})

    def _usage(self) -> Json | None:
        usage = self._script.usage
        if usage is None:
            return None
        if usage == "sum":
            return usage_of(self._usages)
        return usage_of([usage]) if isinstance(usage, Usage) else dict(usage)
