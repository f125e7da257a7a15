"""Reads observations of the Responses API as facts, in the recorder's thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from threadtrail.recording.facts import InputSeen, RequestRaised, RunLookedAt, RunLost, StreamEnded
from threadtrail.recording.observation import Raised, Returned, StreamClosed, StreamEvent, StreamOpened
from threadtrail.sources.bodies import parse, request_of
from threadtrail.sources.json_values import items, mapping, place, text_or_none
from threadtrail.sources.openai_responses import methods, statuses
from threadtrail.sources.openai_responses.conversations import conversation_facts
from threadtrail.sources.openai_responses.inputs import input_messages
from threadtrail.sources.openai_responses.items import Look, item_facts
from threadtrail.sources.openai_responses.outputs import outputs_brought, outputs_listed
from threadtrail.sources.openai_responses.partials import Partials
from threadtrail.sources.openai_responses.requests import Requests
from threadtrail.sources.openai_responses.responses import failure, read_opening, run_seen
from threadtrail.sources.openai_responses.streams import NOTED
from threadtrail.sources.openai_responses.webhooks import webhook_seen
from threadtrail.values import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from threadtrail.recording.facts import Fact
    from threadtrail.recording.meaning import RunStatus
    from threadtrail.recording.observation import Call, OfCall
    from threadtrail.recording.reading import FollowedRuns

NOT_FOUND = 404

LIFE_EVENTS = NOTED - {"response.output_item.added", "response.output_item.done", "error"}
"""Events that hold the whole response."""

LEFT = frozenset({"CancelledError", "KeyboardInterrupt", "SystemExit"})
"""Exceptions that end the app's reading of a stream without being an error of the response."""


class ResponsesReader:
    """Reads observations of calls and streams; ``runs`` are those that the recorder follows."""

    def __init__(self, runs: FollowedRuns) -> None:
        self._runs = runs
        self._requests = Requests()
        self._partials = Partials()
        self._live: WeakSet[Call] = WeakSet()
        self._errors: WeakKeyDictionary[Call, Failure] = WeakKeyDictionary()
        self._nameless = 0

    def read(self, observation: OfCall) -> Iterator[Fact]:
        """Yield the facts of one observation."""
        match observation:
            case Returned():
                yield from outputs_brought(observation.call)
                yield from self._returned(observation)
            case StreamOpened(call=call):
                yield from outputs_brought(call)
                # Any other stream is read again, of a run that is not followed: it shows the past.
                if call.operation.creates_run or self._runs.get(_run_id(call)) is not None:
                    self._live.add(call)
            case StreamEvent():
                yield from self._streamed(observation)
            case StreamClosed():
                yield from self._stream_closed(observation)
            case Raised():
                yield from outputs_brought(observation.call)
                yield from self._raised(observation)

    def shrink(self, max_bytes: int, size: Callable[[Any], int]) -> None:
        """Forget the oldest requests and broken streams' texts until the rest takes ``max_bytes`` at most."""
        taken = self._requests.shrink(max_bytes // 2, size)
        self._partials.shrink(max_bytes - taken)

    @property
    def forgotten(self) -> int:
        """How many responses' unfinished texts were forgotten for lack of room."""
        return self._partials.forgotten

    # -- answers ----------------------------------------------------------------------------------

    def _returned(self, observation: Returned) -> Iterator[Fact]:
        call, time, data = observation.call, observation.time, parse(observation.result)
        does = call.operation.does
        if does == methods.DELETE:
            yield RunLost(call=call, time=time, run_id=_run_id(call), deleted=True)
        elif does == methods.LIST_INPUT:
            yield from self._input_listed(call, time, mapping(data))
        elif does == methods.UNWRAP:
            yield from webhook_seen(mapping(data), call, time)
        elif call.operation.learnt_from is None:
            yield from conversation_facts(mapping(data), call, time)
        elif isinstance(data, dict):
            yield from self._answer(data, call, time)

    def _answer(self, data: dict[str, Any], call: Call, time: int) -> Iterator[Fact]:
        creates = call.operation.creates_run
        sent = request_of(call) if creates else {}
        name = text_or_none(data.get("status"))
        status = None if name is None else statuses.run_status(name)
        run_id = text_or_none(data.get("id")) or _run_id(call) or self._name(call)
        seen = run_seen(
            data,
            sent,
            call,
            time,
            opening=lambda: read_opening(data, sent, call, self._requests),
            run_id=run_id,
            status=status,
            learnt_from=call.operation.learnt_from or "poll",
        )
        # The answer to a foreground request is the response's end, whatever its status.
        ended = (status is not None and status.ended) or (creates and not seen.outlives_call)
        yield from self._run(data, seen, Look(call, time, run_id), ended=ended)

    def _name(self, call: Call) -> str:
        """Return a made-up id for a response that has none; nobody can look at such a response again."""
        self._nameless += 1
        return f"response-without-id-{call.started_at}-{self._nameless}"

    def _run(self, data: dict[str, Any], seen: Any, look: Look, *, ended: bool) -> Iterator[Fact]:
        yield seen
        for index, item in enumerate(items(data.get("output"))):
            if isinstance(item, dict):
                yield from item_facts(item, index, look, done=ended)
        if ended:
            self._partials.forget(look.run_id)
        yield RunLookedAt(call=look.call, time=look.time, run_id=look.run_id, whole=ended)

    def _input_listed(self, call: Call, time: int, page: dict[str, Any]) -> Iterator[Fact]:
        """Read the input of a run that another process created; by default, the newest is listed first."""
        run = self._runs.get(_run_id(call))
        asked = request_of(call)
        if run is None or run.input or page.get("has_more") or asked.get("after"):
            return
        listed = items(page.get("data"))
        if asked.get("order") != "asc":
            listed.reverse()
        yield InputSeen(
            call=call, time=time, run_id=run.id, messages=input_messages(listed, run.thread_id), listed=True
        )
        yield from outputs_listed(listed, call)

    # -- streams ----------------------------------------------------------------------------------

    def _streamed(self, event: StreamEvent) -> Iterator[Fact]:
        call, data = event.call, parse(event.data)
        if not isinstance(data, dict):
            return
        # The SDK takes the name from the text if it has one, and so do we.
        said = text_or_none(data.get("type")) or ""
        name = said if said.startswith("response.") else event.name
        if name in LIFE_EVENTS:
            yield from self._life(event, name, mapping(data.get("response")))
        elif name == "error":
            yield from self._error(event, data)
        elif item := mapping(data.get("item")):
            look = Look(call, event.time, call.run_id or _run_id(call), live=call in self._live)
            index = place(data.get("output_index"))
            yield from item_facts(item, index, look, done=name == statuses.ITEM_DONE)

    def _life(self, event: StreamEvent, name: str, data: dict[str, Any]) -> Iterator[Fact]:
        call, name = event.call, name.removeprefix("response.")
        creates = call.operation.creates_run
        # The request is read only when the run begins: it may be large.
        sent = request_of(call) if creates and call.run_id is None else {}
        run_id = text_or_none(data.get("id")) or call.run_id or _run_id(call) or self._name(call)
        learnt_from = "create" if creates and call.run_id is None else "stream"
        status = _status_in_event(name, text_or_none(data.get("status")))
        seen = run_seen(
            data,
            sent,
            call,
            event.time,
            opening=lambda: read_opening(data, sent, call, self._requests),
            run_id=run_id,
            status=status,
            learnt_from=learnt_from,
            streamed=True,
        )
        ended = status is not None and status.ended
        yield from self._run(data, seen, Look(call, event.time, run_id), ended=ended)

    def _error(self, event: StreamEvent, data: dict[str, Any]) -> Iterator[Fact]:
        """Read an error event. The SDK raises for some of them; that is not counted as a second failure."""
        error = self._errors[event.call] = failure(data) or Failure(type="unknown")
        yield RequestRaised(call=event.call, time=event.time, error=error)

    def _stream_closed(self, closed: StreamClosed) -> Iterator[Fact]:
        call, time, run_id = closed.call, closed.time, closed.call.run_id or _run_id(closed.call)
        self._live.discard(call)
        error = self._errors.pop(call, None)
        if closed.error is not None and error is None:
            yield RequestRaised(call=call, time=time, error=closed.error)
            error = None if closed.error.type in LEFT else closed.error
        self._partials.add(run_id, closed.pieces)
        if self._runs.get(run_id) is not None:
            yield from self._partials.messages(run_id, Look(call, time, run_id))
        yield StreamEnded(call=call, time=time, run_id=run_id, error=error)

    def _raised(self, raised: Raised) -> Iterator[Fact]:
        call = raised.call
        yield RequestRaised(
            call=call,
            time=raised.time,
            error=raised.error,
            status_code=raised.status_code,
            request_id=raised.request_id,
        )
        if raised.status_code == NOT_FOUND and call.operation.looks_at_run:
            error = Failure(type="not_found", message=raised.error.message)
            yield RunLost(call=call, time=raised.time, run_id=_run_id(call), error=error)


def _run_id(call: Call) -> str:
    return call.ids.get("run_id", "")


def _status_in_event(name: str, status: str | None) -> RunStatus | None:
    """Return the status of a response in one of ``LIFE_EVENTS``.

    If the event's name is that of an end, it counts more than the ``status`` in the response.
    """
    if name in statuses.ENDS and status not in statuses.ENDS:
        return statuses.run_status(name)
    if status is None:
        return statuses.run_status(name) if name in statuses.RANKS else None
    return statuses.run_status(status)
