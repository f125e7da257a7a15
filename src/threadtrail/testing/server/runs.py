"""One run as the API's requests see it: polled, streamed, submitted to, cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.testing.server.errors import cannot_cancel, outputs_not_expected, wrong_outputs
from threadtrail.testing.server.gate import Gate
from threadtrail.testing.server.plan import STREAM_ENDS, Event, RunPlan, World
from threadtrail.testing.server.script import Cancelled, Expired, RunScript
from threadtrail.testing.server.steps import SubmittedOutput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from threadtrail.testing.server.objects import Json


class RunPlayer:
    """Plays one run. All methods are called with the server's lock held.

    Attributes:
        body: the run.
        script: what it does.
        streaming: whether a stream moves it on; polls do otherwise.
        intervened: passed once for each cancellation or expiry from outside.
    """

    def __init__(self, body: Json, script: RunScript, world: World) -> None:
        body.update(script.extra)
        self.body = body
        self.script = script
        self.streaming: bool = False
        self.intervened: Gate = Gate()
        self._plan = RunPlan(body, script, world)
        self._events = self._plan.begin()
        self._leg = 0
        self._polls = 0

    @property
    def steps(self) -> list[Json]:
        """The steps so far, oldest first."""
        return self._plan.steps

    @property
    def status(self) -> str:
        """The run's status."""
        status: str = self.body["status"]
        return status

    @property
    def is_active(self) -> bool:
        """Whether the run keeps its thread from taking messages and other runs."""
        return self.status in ("queued", "in_progress", "requires_action", "cancelling")

    # -- moving on ------------------------------------------------------------------------

    @property
    def leg(self) -> int:
        """How often tool outputs were submitted so far."""
        return self._leg

    def next_event(self, leg: int) -> Event | None:
        """Return the next event for a stream of this leg; `None`: nothing until somebody intervenes.

        After the run's end, or when it waits for tool outputs, this is `STREAM_ENDS`. It is also
        `STREAM_ENDS` if the outputs were submitted before the stream sent that.
        """
        return next(self._events, STREAM_ENDS) if leg == self._leg else STREAM_ENDS

    def stream_ended(self, leg: int) -> None:
        """Let polls advance the run from now on, unless a stream of a later leg does."""
        if leg == self._leg:
            self.streaming = False

    def begin_leg(self) -> None:
        """Play the events that come before the answer to the request that began the leg."""
        if self.script.polls_in_leg(self._leg) == 0:
            self._play_until(lambda: False)

    def poll(self) -> None:
        """Advance as far as one retrieve shows."""
        if self.streaming or not self.is_active:
            return
        self._polls += 1
        polls = self.script.polls_in_leg(self._leg)
        if self._polls >= polls or self.status == "cancelling":
            self._play_until(lambda: False)
        elif self._polls > self.script.queued_polls:
            self._play_until(lambda: self._shows_progress(polls))

    def _shows_progress(self, polls: int) -> bool:
        # Steps are completed evenly over the polls of a leg; its last step only with the last poll.
        share = self._polls * self._plan.steps_of_leg // polls
        return self.status != "queued" and self._plan.steps_in_leg >= share

    def _play_until(self, reached: Callable[[], bool]) -> None:
        while not reached():
            if next(self._events, None) is None:
                return

    # -- what others ask of the run -------------------------------------------------------

    def submit(self, outputs: Sequence[Mapping[str, Any]]) -> None:
        """Take the outputs of the pending function calls.

        Raises:
            ApiError: the run does not wait for outputs, or waits for others.
        """
        step = self._plan.open_step
        if self.status != "requires_action" or step is None:
            raise outputs_not_expected(self.status)
        calls = {
            call["id"]: call["function"]
            for call in step["step_details"]["tool_calls"]
            if call["type"] == "function"
        }
        given = {str(item.get("tool_call_id")): item for item in outputs}
        if given.keys() != calls.keys():
            raise wrong_outputs(list(calls), list(given))
        for call_id, function in calls.items():
            output = given[call_id].get("output") or ""
            function["output"] = output
            self._plan.submitted.append(
                SubmittedOutput(call_id, function["name"], function["arguments"], output)
            )
        self._leg += 1
        self._polls = 0
        self.body["status"] = "queued"
        self.body["required_action"] = None
        self._events = self._plan.resume(step)

    def cancel(self) -> None:
        """Begin to cancel.

        Raises:
            ApiError: the run is over, or being cancelled.
        """
        if not self.is_active or self.status == "cancelling":
            raise cannot_cancel(self.status)
        self._intervene("cancelling", Cancelled())

    def expire(self) -> None:
        """Let the run expire now, like one whose tool outputs were not submitted in time."""
        if self.is_active:
            self._intervene(self.status, Expired())
            if not self.streaming:
                self._play_until(lambda: False)

    def _intervene(self, status: str, end: Cancelled | Expired) -> None:
        self.body["status"] = status
        self.body["required_action"] = None
        self._events = self._plan.finish(end)
        self.intervened.release()
