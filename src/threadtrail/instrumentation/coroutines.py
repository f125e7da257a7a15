"""Watches an awaitable of the SDK: as lazy as it was, awaited where the user awaits it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from threadtrail.instrumentation.sink import Sink
    from threadtrail.recording.observation import Call


class Inner:
    """The SDK's coroutine, to be awaited by ours: closed if the user never awaits that.

    Python warns once about a coroutine that was never awaited; two, one within the other, would make
    it warn twice.
    """

    __slots__ = ("coroutine",)

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self.coroutine = coroutine

    def __del__(self) -> None:
        self.coroutine.close()


def watch_coroutine(
    coroutine: Coroutine[Any, Any, Any],
    watching: Callable[[Sink, Call, Inner], Coroutine[Any, Any, Any]],
    sink: Sink,
    call: Call,
) -> Coroutine[Any, Any, Any]:
    """Return the coroutine of ``watching``, which awaits this one, under this one's own name."""
    named: Any = coroutine  # every coroutine object has a name, but their abstract class does not say so
    watched: Any = watching(sink, call, Inner(coroutine))
    watched.__name__ = named.__name__
    watched.__qualname__ = named.__qualname__
    awaited: Coroutine[Any, Any, Any] = watched
    return awaited
