"""The wrapper around each patched method: passes the call on, and notes what goes in and comes out.

Between two runs of it, a few hundred microseconds of the SDK's own code have emptied the processor's caches.
So its cost depends on how many functions and objects it touches, more than on what they do.
"""

from __future__ import annotations

import functools
from time import time_ns
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from threadtrail._own_work import is_own_work
from threadtrail.context import here, in_force
from threadtrail.instrumentation.awaiting import await_and_note, watch_coroutine
from threadtrail.instrumentation.exchanges import reset_call, set_call
from threadtrail.instrumentation.failures import note_failure
from threadtrail.instrumentation.managers import watch_manager
from threadtrail.instrumentation.results import note_result, page_class_of
from threadtrail.recording.observation import OBSERVATION_BYTES, Call

if TYPE_CHECKING:
    from threadtrail.instrumentation.sink import Sink
    from threadtrail.recording.observation import Operation

AT_ONCE, WHEN_AWAITED = True, False


class Watch:
    """Watches one method: its replacement makes the call, and notes what goes in and comes out."""

    def __init__(self, operation: Operation, *, opens_manager: bool = False) -> None:
        self._operation = operation
        self._note = watch_manager if opens_manager else note_result
        if operation.name.endswith(".list"):
            self._note = self._note_pages
        self._page_class: type | None = None
        self._run_id: str | None = None
        self._run_id_place = 0
        for name, place, known_as in operation.id_arguments:
            if known_as == "run_id":
                self._run_id, self._run_id_place = name, place

    def sync(self, original: Any) -> Any:
        """Return the replacement of a sync method; the app gets what the original returns or raises."""
        begin, note = self.begin, self._note

        @functools.wraps(original)
        def method(*args: Any, **kwargs: Any) -> Any:
            sink: Sink | None = in_force.sink
            if sink is None:
                return original(*args, **kwargs)
            call: Call | None = None
            try:
                call = begin(sink, args, kwargs, AT_ONCE)
            except BaseException as error:
                if not sink.guard.contain("noting a call", error):
                    raise
            if call is None:
                return original(*args, **kwargs)
            # Set and reset here, not by a context manager, which would double our time.
            token = set_call(call)
            try:
                result = original(*args, **kwargs)
            except BaseException as error:
                note_failure(sink, call, error, token.old_value)
                raise
            finally:
                reset_call(token)
            try:
                note(sink, call, result)
            except BaseException as error:
                if not sink.guard.contain("noting a result", error):
                    raise
            return result

        return method

    def lazy(self, original: Any) -> Any:
        """Return the replacement of an async method that is a plain function, as for a list or a manager."""
        watch = self.asynchronous

        @functools.wraps(original)
        def method(*args: Any, **kwargs: Any) -> Any:
            return watch(original, args, kwargs)

        return method

    def asynchronous(self, wrapped: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Make the call of an async method; no request is made before the app awaits what it returns."""
        sink: Sink | None = in_force.sink
        if sink is None:
            return wrapped(*args, **kwargs)
        call: Call | None = None
        try:
            # What the call begins, it begins when it is awaited: until then, the context may change.
            call = self.begin(sink, args, kwargs, WHEN_AWAITED)
        except BaseException as error:
            if not sink.guard.contain("noting a call", error):
                raise
        if call is None:
            return wrapped(*args, **kwargs)
        try:
            result = wrapped(*args, **kwargs)
        except BaseException as error:
            note_failure(sink, call, error)
            raise
        if type(result) is CoroutineType:
            return watch_coroutine(result, await_and_note, sink, call)
        try:
            self._note(sink, call, result)
        except BaseException as error:
            if not sink.guard.contain("noting a result", error):
                raise
        return result

    def _note_pages(self, sink: Sink, call: Call, result: Any) -> None:
        """Note a list, and keep the class of its pages.

        The SDK asks pydantic for ``SyncCursorPage[Message]`` in each call. That class takes a millisecond to
        make, and goes with the next garbage collection. What we note makes collections come earlier, so
        without this the app would wait for its pages' class more often.
        """
        self._page_class = page_class_of(result)
        note_result(sink, call, result)

    def begin(
        self, sink: Sink, args: tuple[Any, ...], kwargs: dict[str, Any], at_once: bool, /
    ) -> Call | None:
        """Return the call, or ``None`` if it is not to be recorded. The first of ``args`` is the resource.

        ``at_once`` says that what the call begins, if anything, begins now.
        """
        client = getattr(args[0], "_client", None) if args else None
        if client is None:
            # Called without a resource (`Runs.retrieve("run_…")`): the SDK is about to raise an error.
            return None
        if is_own_work():
            return None
        operation, name, run_id = self._operation, self._run_id, None
        if name is not None:
            run_id = kwargs.get(name)
            if run_id is None and self._run_id_place < len(args):
                run_id = args[self._run_id_place]
            if not isinstance(run_id, str) or run_id in sink.known_runs:
                run_id = None
        begins = run_id is not None or (at_once and operation.captures_context)
        ids = operation.ids_among(args, kwargs) if operation.keeps_ids else None
        call = Call(
            operation, time_ns(), ids, client, sink.scope() if begins else here(), kwargs, args, run_id
        )
        if at_once and operation.reads_details:
            sink.recorder.put(call, OBSERVATION_BYTES)
        return call
