"""One response as the API's requests see it: polled, streamed, cancelled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from threadtrail.testing.server.gate import Gate
from threadtrail.testing.server.plan import STREAM_ENDS, Event
from threadtrail.testing.server.responses import errors
from threadtrail.testing.server.responses.included import shown, shown_item
from threadtrail.testing.server.responses.plan import ENDS, ResponsePlan, World
from threadtrail.testing.server.script import Expired

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from threadtrail.testing.server.objects import Json
    from threadtrail.testing.server.responses.scene import Scene
    from threadtrail.testing.server.script import RunScript


class ResponsePlayer:
    """Plays one response. All methods are called with the server's lock held.

    Attributes:
        body: the response, as it is kept.
        request: what asked for it.
        given: the items of the request.
        context: all items that the model was given.
        script: what it does.
        streams: how many streams are being sent; while there is one, polls do not move the response on.
        intervened: open when the response was ended from outside.
    """

    def __init__(  # noqa: PLR0913 - what one response is made of
        self,
        body: Json,
        scene: Scene,
        world: World,
        *,
        request: Json,
        given: Sequence[Json],
        context: Sequence[Json],
        on_end: Callable[[ResponsePlayer], None],
    ) -> None:
        self.body = body
        self.body.update(scene.script.extra)
        self.request = request
        self.given = given
        self.context = context
        self.scene = scene
        self.script: RunScript = scene.script
        self.streams = 0
        self.intervened: Gate = Gate()
        self.plan: ResponsePlan = ResponsePlan(body, scene, world)
        self._events = self.plan.play()
        self._include = frozenset(request.get("include") or ())
        self._log: list[str] = []
        self._on_end: Callable[[ResponsePlayer], None] | None = on_end
        self._polls = 0
        self._over = False

    @property
    def is_over(self) -> bool:
        """Whether nothing will happen any more."""
        return self._over

    @property
    def is_background(self) -> bool:
        """Whether the response continues without a connection."""
        return bool(self.body["background"])

    def shown(self, include: Sequence[str] | None = None) -> Json:
        """Return the response as a request sees it; without `include`, as the one that asked for it."""
        body = shown(self.body, self._include if include is None else frozenset(include))
        return self.script.quirks.response(body)

    # -- moving on ------------------------------------------------------------------------

    def event(self, number: int) -> Event | None:
        """Return the event with this sequence number; `None`: nothing until somebody intervenes.

        After the last one this is `STREAM_ENDS`.
        """
        while number >= len(self._log):
            event = self._next()
            if event is None or event is STREAM_ENDS:
                return event
            self._log.append(self._written_down(event))
        data = json.loads(self._log[number])
        return Event(data["type"], self.script.quirks.event(data))

    def play(self) -> bool:
        """Play to the end; return whether that was reached."""
        self._play_until(lambda: False)
        return self._over

    def poll(self) -> None:
        """Advance as far as one retrieve shows."""
        if self.streams or self._over:
            return
        self._polls += 1
        polls = self.script.polls_in_leg(self.scene.leg)
        if self._polls >= polls:
            self.play()
        elif self._polls > self.script.queued_polls:
            self._play_until(lambda: self._shows_progress(polls))

    def _shows_progress(self, polls: int) -> bool:
        # Steps are completed evenly over the polls; the last one only with the last poll.
        share = self._polls * self.plan.steps_of_leg // polls
        return self.body["status"] != "queued" and self.plan.steps_done >= share

    def _play_until(self, reached: Callable[[], bool]) -> None:
        while not reached():
            event = self._next()
            if event is None or event is STREAM_ENDS:
                return
            if self.request.get("stream"):
                self._log.append(self._written_down(event))

    def _next(self) -> Event | None:
        event = next(self._events, STREAM_ENDS)
        if not self._over and (event is STREAM_ENDS or self.body["status"] in ENDS):
            self._over = True
            on_end, self._on_end = self._on_end, None
            if on_end is not None:
                on_end(self)
        return event

    def _written_down(self, event: Event) -> str:
        data: dict[str, Any] = {"type": event.name, "sequence_number": len(self._log), **event.data}
        if "response" in data and event.data["response"] is self.body:
            data["response"] = shown(self.body, self._include)
        if isinstance(data.get("item"), dict):
            data["item"] = shown_item(data["item"], self._include)
        return json.dumps(data)

    # -- what others ask of the response --------------------------------------------------

    def check_streamable(self, now: float) -> None:
        """Make sure that the stream may be resumed.

        Raises:
            ApiError: the response was not created for it, or is too old.
        """
        if not self.is_background:
            raise errors.cannot_stream(self.body["id"], "background=true")
        if not self.request.get("stream"):
            raise errors.cannot_stream(self.body["id"], "stream=true")
        if now - self.body["created_at"] > errors.STREAMABLE_SECONDS:
            raise errors.too_old_to_stream()

    def cancel(self) -> None:
        """Cancel; a response that has ended does not change.

        Raises:
            ApiError: it is not in the background.
        """
        if not self.is_background:
            raise errors.cannot_cancel()
        if not self._over:
            self.plan.cancel()
            self._intervene(iter(()))

    def expire(self) -> None:
        """Let the response expire now, which is a failure."""
        if not self._over:
            self._intervene(self.plan.finish(Expired()))
            if not self.streams:
                self.play()

    def _intervene(self, events: Any) -> None:
        self._events = events
        if self.body["status"] == "cancelled":
            self._next()
        self.intervened.open()
