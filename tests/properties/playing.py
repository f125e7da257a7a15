"""Plays a program of an app against the local server, and keeps what it saw and what was recorded of it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import httpx2
import pydantic
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI, OpenAIError

import threadtrail
from driving import ENDS
from properties.splitting import Notes, noted
from threadtrail._guard import guard
from threadtrail.events import AnyEvent
from threadtrail.testing import OpenAIServer, capture
from threadtrail.testing.server import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

RUNS = {"thread.run", "response"}
"""What an object is called that is a run."""


MANY = 100


class Network:
    """Loses the server's next answers: the server did what was asked, and the app sees a timeout."""

    def __init__(self) -> None:
        self._to_lose = 0

    def lose_next_answer(self) -> None:
        """Lose one more answer."""
        self._to_lose += 1

    def works(self) -> None:
        """Lose no more answers."""
        self._to_lose = 0

    def loses(self) -> bool:
        """Whether the answer that is there now gets lost."""
        lost = self._to_lose > 0
        self._to_lose -= lost
        return lost


class Answer(pydantic.BaseModel):
    """What the app wants to parse: hardly any answer is of this form."""

    number: int


class Seen:
    """What the app itself saw, as the SDK gave it.

    Attributes:
        run: the newest that the app knows of its run in each slot.
        last: the number of the last event that was streamed in each slot, where it had one.
        runs: all glimpses of each run, by its id, oldest first.
        failures: how many requests and streams failed, as the app saw it.
    """

    Answer = Answer

    def __init__(self) -> None:
        self.run: dict[int, Any] = {}
        self.last: dict[int, int] = {}
        self.runs: dict[str, list[Any]] = defaultdict(list)
        self.failures = 0
        self._gates: list[Gate] = []

    def __call__(self, slot: int, value: Any, *, listed: bool = False) -> None:
        """Keep what a call returned or a stream yielded, or what stood in a list."""
        self.failures += _is_error(value)
        self.last[slot] = getattr(value, "sequence_number", -1)
        value = getattr(value, "data", getattr(value, "response", value))
        if getattr(value, "object", None) not in RUNS:
            return
        self.run[slot] = value
        # A run that was over when it was first seen, in a list, is history: it is not recorded.
        if value.id in self.runs or not listed or value.status not in ENDS:
            self.runs[value.id].append(value)

    def new_gate(self) -> Gate:
        """A gate for the streams of a run."""
        self._gates.append(Gate())
        return self._gates[-1]

    def open_gates(self) -> None:
        """Let all streams run, now and later."""
        for gate in self._gates:
            gate.open()

    def attempt(self) -> _Attempt:
        """Go on where the SDK raises, where a stream is over, or where there is no run yet."""
        return _Attempt(self)

    def newest(self) -> list[Any]:
        """The last glimpse of each run."""
        return [glimpses[-1] for glimpses in self.runs.values()]

    def outputs(self, slot: int) -> list[dict[str, str]]:
        """The outputs that the run waits for; none if it waits for none."""
        action = self.run[slot].required_action
        calls = action.submit_tool_outputs.tool_calls if action else ()
        return [{"tool_call_id": call.id, "output": f"output of {call.function.name}"} for call in calls]

    def answers(self, slot: int) -> list[dict[str, str]]:
        """The outputs that the response asks for, or a question where it asks for none."""
        items = self.run[slot].output if slot in self.run else ()
        return [
            {"type": "function_call_output", "call_id": item.call_id, "output": f"output of {item.name}"}
            for item in items
            if item.type == "function_call"
        ] or [{"role": "user", "content": "And y?"}]

    def all_again(self, slot: int) -> list[Any]:
        """What a stateless app sends: its question, the output of the response, the outputs of the calls."""
        question = {"role": "user", "content": "3x + 11 = 14?"}
        return [question, *[item.to_dict() for item in self.run[slot].output], *self.answers(slot)]


def _is_error(value: Any) -> bool:
    """Whether an event of a stream says that something failed; managers give it without its name."""
    named = getattr(value, "event", ""), getattr(value, "type", "")
    return "error" in named or named[0] is None


class _Attempt:
    def __init__(self, seen: Seen) -> None:
        self._seen = seen

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        failed = isinstance(exc, (OpenAIError, pydantic.ValidationError, httpx2.HTTPError)) or (
            # The SDK's own, of a stream that begins with an error.
            isinstance(exc, RuntimeError)
            and str(exc).startswith("Expected to have received `response.created`")
        )
        self._seen.failures += failed
        return failed or isinstance(exc, (LookupError, StopIteration, StopAsyncIteration))


class Client(OpenAI):
    """The SDK's client, which tries again at once."""

    def _calculate_retry_timeout(self, *args: Any) -> float:
        return 0.0


class AsyncClient(AsyncOpenAI):
    """The same for async."""

    def _calculate_retry_timeout(self, *args: Any) -> float:
        return 0.0


class _Http(DefaultHttpxClient):
    network = Network()

    def send(self, request: Any, **more: Any) -> Any:
        response = super().send(request, **more)
        if self.network.loses():
            response.close()
            raise httpx2.ReadTimeout("The answer is lost.", request=request)
        return response


class _AsyncHttp(DefaultAsyncHttpxClient):
    network = Network()

    async def send(self, request: Any, **more: Any) -> Any:
        response = await super().send(request, **more)
        if self.network.loses():
            await response.aclose()
            raise httpx2.ReadTimeout("The answer is lost.", request=request)
        return response


class Clock:
    """The server's clock, seconds ahead of ours."""

    offset = 0

    def __call__(self) -> float:
        """Return Unix seconds."""
        return time.time() + self.offset


@dataclass(slots=True)
class Outcome:
    """What is left of a program that was played.

    Attributes:
        seen: what the app saw, in the other look as well.
        forgets: whether fewer runs could be followed than the app had.
        failures: how many requests and streams failed for the app.
        events: what was recorded, to the end of the process.
        at_end: how much of it had been recorded when the app was done.
        looked_again: how much more it was after another look at all that had ended.
        lane: the counters of the exporter.
        notes: what the recorder was given.
    """

    seen: Seen
    forgets: bool
    failures: int = 0
    events: list[AnyEvent] = field(default_factory=list)
    at_end: list[AnyEvent] = field(default_factory=list)
    looked_again: list[AnyEvent] = field(default_factory=list)
    lane: Any = None
    notes: Notes = field(default_factory=Notes)


class Theatre:
    """A server for any number of programs, one after the other, and a client of each kind."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.server = OpenAIServer(clock=self.clock)
        self._loop = asyncio.Runner()
        self._https = _Http(verify=False), _AsyncHttp(verify=False)

    def __enter__(self) -> Self:
        url = self.server.start().base_url
        http, async_http = self._https
        self._client = Client(api_key="sk-local", base_url=url, http_client=http, timeout=2)
        self._async_client = AsyncClient(api_key="sk-local", base_url=url, http_client=async_http, timeout=2)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close()
        self._loop.run(self._async_client.close())
        self._loop.close()
        self.server.stop()

    def play(
        self, app: Any, look_again: Any, *, clock_offset: int = 0, max_open_runs: int = 1_000
    ) -> Outcome:
        """Play a program, then look again at all that it saw, with events recorded all the while."""
        self.server.reset()
        self.clock.offset = clock_offset
        outcome = Outcome(Seen(), forgets=max_open_runs < MANY)
        settings = {"settle_seconds": 600, "max_open_runs": max_open_runs}
        with strictly(), noted() as outcome.notes, capture(**settings) as captured:
            self._run(app, outcome.seen)
            outcome.failures = outcome.seen.failures
            outcome.at_end = captured.events
            self.server._faults.clear()
            outcome.seen.open_gates()
            look_again(self._client, outcome.seen)
            outcome.looked_again = captured.events
            (outcome.lane,) = threadtrail.status().exporters.values()
        outcome.events = captured.events
        return outcome

    def _run(self, app: Any, seen: Seen) -> None:
        client = self._async_client if asyncio.iscoroutinefunction(app) else self._client
        network = Network()
        for http in self._https:
            http.network = network
        running = app(self.server, client, client.with_options(max_retries=0), network, seen)
        if asyncio.iscoroutine(running):
            self._loop.run(running)
        network.works()


@contextlib.contextmanager
def strictly() -> Iterator[None]:
    """Raise what threadtrail kept from the app."""
    strict, guard.strict = guard.strict, True
    guard.errors.clear()
    try:
        yield
    finally:
        guard.strict = strict
    errors, guard.errors = guard.errors, []
    if errors:
        raise BaseExceptionGroup("contained errors", errors)
