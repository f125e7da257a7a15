"""The wrapper around each patched method: passes the call on, and takes notes before and after.

It runs once among a few hundred microseconds of the SDK's own code, so nothing of it is in the processor's
caches any more: what counts is how many functions and objects it touches, more than what they do.
"""

from __future__ import annotations

from dataclasses import dataclass
from marshal import dumps
from time import time_ns
from types import CoroutineType
from typing import Any

from threadtrail.instrumentation.awaiting import await_and_note
from threadtrail.instrumentation.coroutines import watch_coroutine
from threadtrail.instrumentation.failures import note_failure
from threadtrail.instrumentation.requests import current_call
from threadtrail.instrumentation.results import note_result
from threadtrail.instrumentation.sink import Sink, active
from threadtrail.recording.arguments import add_copy
from threadtrail.recording.observation import Call

BY_KEYWORD = 99
"""The place of an argument that has none."""


@dataclass(frozen=True, slots=True)
class Row:
    """One patched method, sync and async.

    ``name`` is its path below ``client.beta``; ``operation`` is what it does, where a helper does the
    same as another method. ``positional`` names the arguments it takes by position, ``takes`` those that
    are copied. ``begins``: something new starts here, so exporters may capture their context.
    """

    module: str
    resource: str
    method: str
    name: str
    operation: str
    positional: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    begins: bool = False


class Watch:
    """Wraps one method by ``wrapt``: ``wrapped`` is bound, or plain with the resource in ``args``."""

    def __init__(self, row: Row) -> None:
        self._row = row
        places = {name: place for place, name in enumerate(row.positional)}
        self._takes = tuple((name, places.get(name, BY_KEYWORD)) for name in row.takes)

    def sync(self, wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Make the call of a sync method; the user gets what it returns or raises."""
        sink = active.sink
        if sink is None:
            return wrapped(*args, **kwargs)
        call = sink.guard.call("noting a call", self._begin, sink, instance, args, kwargs)
        if call is None:
            return wrapped(*args, **kwargs)
        # Set and reset in one frame, and not by a context manager: that would be half of our time here.
        token = current_call.set(call)
        try:
            result = wrapped(*args, **kwargs)
        except BaseException as error:
            note_failure(sink, call, error, token.old_value)
            raise
        finally:
            current_call.reset(token)
        sink.guard.call("noting a result", note_result, sink, call, result)
        return result

    def asynchronous(self, wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Make the call of an async method: no request is made before the user awaits what it returns."""
        sink = active.sink
        if sink is None:
            return wrapped(*args, **kwargs)
        call = sink.guard.call("noting a call", self._begin, sink, instance, args, kwargs)
        if call is None:
            return wrapped(*args, **kwargs)
        try:
            result = wrapped(*args, **kwargs)
        except BaseException as error:
            note_failure(sink, call, error)
            raise
        if type(result) is CoroutineType:
            return watch_coroutine(result, await_and_note, sink, call)
        sink.guard.call("noting a result", note_result, sink, call, result)
        return result

    def _begin(self, sink: Sink, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call | None:
        if instance is None:
            # Called through the SDK's deprecation shim, which passes the resource as the first argument.
            instance, args = args[0], args[1:]
        client = getattr(instance, "_client", None)
        if client is None:
            # Called without a resource (`Runs.retrieve("run_…")`): the SDK is about to say so itself.
            return None
        arguments: dict[str, Any] = {}
        for name, place in self._takes:
            value = kwargs.get(name)
            if value is None and place < len(args):
                value = args[place]
            if type(value) is str:  # an id, almost always
                arguments[name] = value
            elif value is not None:
                try:
                    arguments[name] = dumps(value)
                except ValueError:  # there are SDK objects in it, or it says that nothing is given
                    add_copy(arguments, name, value)
        row = self._row
        begins = row.begins or ("run_id" in arguments and arguments["run_id"] not in sink.known_runs)
        return Call(row.operation, time_ns(), arguments, client, sink.scope(begins=begins), row.name)
