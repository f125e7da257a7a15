"""Watches methods that make no request but parse an argument, such as the body of a webhook."""

from __future__ import annotations

from time import time_ns
from typing import TYPE_CHECKING, Any

from threadtrail.context import in_force
from threadtrail.instrumentation.watching import WHEN_AWAITED
from threadtrail.recording.observation import Returned

if TYPE_CHECKING:
    from threadtrail.instrumentation.sink import Sink
    from threadtrail.instrumentation.watching import Watch


class ArgumentWatch:
    """Notes the text in ``argument``, or in the first positional one, of each call that does not raise."""

    def __init__(self, watch: Watch, argument: str) -> None:
        self._watch = watch
        self._argument = argument

    def __call__(self, wrapped: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Make the call; the app gets what it returns or raises."""
        result = wrapped(*args, **kwargs)
        sink: Sink | None = in_force.sink
        if sink is not None:
            sink.guard.call("noting an argument", self._note, sink, args, kwargs)
        return result

    def _note(self, sink: Sink, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        resource, *rest = args
        given = kwargs.get(self._argument, rest[0] if rest else None)
        call = self._watch.begin(sink, (resource,), {}, WHEN_AWAITED)
        if call is not None and isinstance(given, (str, bytes)):
            body = given if isinstance(given, bytes) else given.encode("utf-8", "surrogatepass")
            sink.recorder.put(Returned(call, time_ns(), body))
