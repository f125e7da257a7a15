"""The wrapper around each patched method: passes the call on, and takes notes before and after.

It runs once among a few hundred microseconds of the SDK's own code, so nothing of it is in the processor's
caches any more: what counts is how many functions and objects it touches, more than what they do.
"""

from __future__ import annotations

from time import time_ns
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from threadtrail._own_work import is_own_work
from threadtrail.context import in_force
from threadtrail.instrumentation.awaiting import await_and_note, watch_coroutine
from threadtrail.instrumentation.exchanges import current_call
from threadtrail.instrumentation.failures import note_failure
from threadtrail.instrumentation.managers import watch_manager
from threadtrail.instrumentation.results import note_result
from threadtrail.recording.observation import OBSERVATION_BYTES, Call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from threadtrail.instrumentation.sink import Sink
    from threadtrail.recording.observation import Operation
    from threadtrail.sources.source import Method

BY_KEYWORD = 99
"""The place of an argument that has none."""


AT_ONCE, WHEN_AWAITED = True, False


class Watch:
    """Wraps one method by ``wrapt``: ``wrapped`` is bound, or plain with the resource in ``args``."""

    def __init__(self, operation: Operation, method: Method, id_names: Mapping[str, str]) -> None:
        self._operation = operation
        self._captures_context = method.captures_context
        self._note = watch_manager if method.opens_manager else note_result
        places = {name: place for place, name in enumerate(method.positional)}
        names = (*method.positional, *method.keyword)
        self._ids = tuple((name, places.get(name, BY_KEYWORD), id_names.get(name, name)) for name in names)

    def sync(self, wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Make the call of a sync method; the app gets what it returns or raises."""
        sink: Sink | None = in_force.sink
        if sink is None:
            return wrapped(*args, **kwargs)
        call = sink.guard.call("noting a call", self.begin, sink, instance, args, kwargs, AT_ONCE)
        if call is None:
            return wrapped(*args, **kwargs)
        if self._operation.reads_details:
            sink.guard.call("noting a call", sink.recorder.put, call, OBSERVATION_BYTES)
        # Set and reset in one frame, and not by a context manager: that would be half of our time here.
        token = current_call.set(call)
        try:
            result = wrapped(*args, **kwargs)
        except BaseException as error:
            note_failure(sink, call, error, token.old_value)
            raise
        finally:
            current_call.reset(token)
        sink.guard.call("noting a result", self._note, sink, call, result)
        return result

    def asynchronous(self, wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Make the call of an async method: no request is made before the app awaits what it returns."""
        sink: Sink | None = in_force.sink
        if sink is None:
            return wrapped(*args, **kwargs)
        # What begins here begins when it is awaited: until then its surroundings may change.
        call = sink.guard.call("noting a call", self.begin, sink, instance, args, kwargs, WHEN_AWAITED)
        if call is None:
            return wrapped(*args, **kwargs)
        try:
            result = wrapped(*args, **kwargs)
        except BaseException as error:
            note_failure(sink, call, error)
            raise
        if type(result) is CoroutineType:
            return watch_coroutine(result, await_and_note, sink, call)
        sink.guard.call("noting a result", self._note, sink, call, result)
        return result

    def begin(
        self, sink: Sink, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any], at_once: bool, /
    ) -> Call | None:
        """Return the call, or ``None`` if it is not to be recorded.

        ``at_once``: what it begins, if anything, begins here.
        """
        if instance is None:
            # Called through the SDK's deprecation shim, which passes the resource as the first argument.
            instance, args = args[0], args[1:]
        client = getattr(instance, "_client", None)
        if client is None:
            # Called without a resource (`Runs.retrieve("run_…")`): the SDK is about to say so itself.
            return None
        if is_own_work():
            return None
        ids: dict[str, str] = {}
        for name, place, known_as in self._ids:
            value = kwargs.get(name)
            if value is None and place < len(args):
                value = args[place]
            if isinstance(value, str):
                ids[known_as] = value
        first_look = "run_id" in ids and not sink.knows(ids["run_id"])
        scope = sink.scope(begins=(at_once and self._captures_context) or first_look)
        return Call(self._operation, time_ns(), ids, client, scope, kwargs)
