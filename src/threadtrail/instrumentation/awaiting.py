"""Watches an awaitable of the SDK, which stays lazy: it is awaited when and where the app awaits it."""

from __future__ import annotations

from time import time_ns
from typing import TYPE_CHECKING, Any

from threadtrail.instrumentation.exchanges import reset, reset_call, set_call
from threadtrail.instrumentation.failures import note_failure
from threadtrail.instrumentation.results import note_result
from threadtrail.recording.observation import OBSERVATION_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    from threadtrail.instrumentation.sink import Sink
    from threadtrail.recording.observation import Call


class Inner:
    """The SDK's coroutine, which ours awaits; it is closed if the app never awaits ours.

    Python warns about each coroutine that was never awaited; two nested ones would make it warn twice.
    """

    __slots__ = ("coroutine",)

    coroutine: Coroutine[Any, Any, Any]

    def __del__(self) -> None:
        self.coroutine.close()


def watch_coroutine(
    coroutine: Coroutine[Any, Any, Any],
    watching: Callable[[Sink, Call, Inner], Coroutine[Any, Any, Any]],
    sink: Sink,
    call: Call,
) -> Coroutine[Any, Any, Any]:
    """Return the coroutine of ``watching``, which awaits this one and has its name."""
    inner = Inner()
    inner.coroutine = coroutine
    named: Any = coroutine  # every coroutine object has a name, but their abstract class does not declare it
    watched: Any = watching(sink, call, inner)
    watched.__name__ = named.__name__
    watched.__qualname__ = named.__qualname__
    awaited: Coroutine[Any, Any, Any] = watched
    return awaited


def enter(sink: Sink, call: Call) -> None:
    """Begin the call now, when it is awaited, not when it was made: note the time and the context."""
    call.started_at = time_ns()
    call.scope = sink.scope()


def begin_awaiting(sink: Sink, call: Call) -> None:
    """Note what is known only where the app awaits the call."""
    operation = call.operation
    if operation.captures_context:
        enter(sink, call)
    elif operation.reads_details:
        sink.recorder.put(call, OBSERVATION_BYTES)
    if sink.wants_loop:
        call.loop = sink.loop()


async def await_and_note(sink: Sink, call: Call, inner: Inner) -> Any:
    """Await the coroutine of a call, and note what it returns or raises."""
    try:
        begin_awaiting(sink, call)
    except BaseException as error:
        if not sink.guard.contain("noting a call", error):
            raise
    token = set_call(call)
    try:
        result = await inner.coroutine
    except BaseException as error:
        note_failure(sink, call, error, token.old_value)
        raise
    finally:
        try:  # noqa: SIM105 - as in `reset`, without a call
            reset_call(token)
        except ValueError:
            pass
    try:
        note_result(sink, call, result)
    except BaseException as error:
        if not sink.guard.contain("noting a result", error):
            raise
    return result


def yield_and_note(sink: Sink, call: Call, waiting: Generator[Any, None, Any]) -> Generator[Any, None, Any]:
    """Do the same for the iterator that an ``__await__`` method returned."""
    try:
        begin_awaiting(sink, call)
    except BaseException as error:
        if not sink.guard.contain("noting a call", error):
            raise
    token = set_call(call)
    try:
        result = yield from waiting
    except BaseException as error:
        note_failure(sink, call, error)
        raise
    finally:
        reset(token)
    try:
        note_result(sink, call, result)
    except BaseException as error:
        if not sink.guard.contain("noting a result", error):
            raise
    return result
