"""The wrapper around each patched method: passes the call on, and takes notes before and after."""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import CoroutineType
from typing import Any

from threadtrail.instrumentation.copies import copy_arguments
from threadtrail.instrumentation.coroutines import Inner, watch_coroutine
from threadtrail.instrumentation.failures import note_failure
from threadtrail.instrumentation.requests import current_call, restore
from threadtrail.instrumentation.results import note_result
from threadtrail.instrumentation.sink import Sink, active
from threadtrail.recording.observation import Call


@dataclass(frozen=True, slots=True)
class Row:
    """One patched method, sync and async.

    ``name`` is its path below ``client.beta``; ``operation`` is what it does, where a helper does the
    same as another method. ``positional`` names the arguments it takes by position, ``takes`` those that
    are copied. ``begins``: something new starts here, so exporters may capture their context.
    ``reports_errors`` is off for a helper whose inner calls report them already.
    """

    module: str
    resource: str
    method: str
    name: str
    operation: str
    positional: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    begins: bool = False
    reports_errors: bool = True


class Watch:
    """Wraps one method by ``wrapt``: ``wrapped`` is bound, or plain with the resource in ``args``."""

    def __init__(self, row: Row) -> None:
        self._row = row

    def __call__(self, wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Make the call, as ``wrapt`` asks for it; the user gets what it returns or raises."""
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
            self._failed(sink, call, error)
            raise
        finally:
            restore(token)
        if isinstance(result, CoroutineType):
            return watch_coroutine(result, self._await, sink, call)
        sink.guard.call("noting a result", note_result, sink, call, result)
        return result

    def _begin(self, sink: Sink, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call | None:
        row = self._row
        if instance is None:
            # Called through the SDK's deprecation shim, which passes the resource as the first argument.
            instance, args = args[0], args[1:]
        client = getattr(instance, "_client", None)
        if client is None:
            # Called without a resource (`Runs.retrieve("run_…")`): the SDK is about to say so itself.
            return None
        arguments = copy_arguments(row.positional, row.takes, args, kwargs)
        begins = row.begins or ("run_id" in arguments and not sink.glances.knows(arguments["run_id"]))
        scope = sink.scope(begins=begins)
        return Call(row.operation, time.time_ns(), arguments, client, scope, row.name)

    async def _await(self, sink: Sink, call: Call, inner: Inner) -> Any:
        if sink.wants_loop:
            call.loop = sink.guard.call("noting the event loop", sink.loop)
        token = current_call.set(call)
        try:
            result = await inner.coroutine
        except BaseException as error:
            self._failed(sink, call, error)
            raise
        finally:
            restore(token)
        sink.guard.call("noting a result", note_result, sink, call, result)
        return result

    def _failed(self, sink: Sink, call: Call, error: BaseException) -> None:
        if self._row.reports_errors:
            note_failure(sink, call, error)
