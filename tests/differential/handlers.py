"""Event handlers that note every callback, of either kind."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from openai import AssistantEventHandler, AsyncAssistantEventHandler

if TYPE_CHECKING:
    from collections.abc import Callable

    from differential.tape import Noted

_CALLBACKS = tuple(name for name in dir(AssistantEventHandler) if name.startswith("on_"))


def make_handler(is_async: bool, noted: Noted, **more: Callable[..., Any]) -> Any:
    """Make a handler that notes every callback and then calls what `more` names for it.

    A function in `more` may be a coroutine function for both kinds; the synchronous handler drives
    it itself, since nothing in it really waits.
    """
    make = _async_callback if is_async else _callback
    base = AsyncAssistantEventHandler if is_async else AssistantEventHandler
    body = {name: make(name, noted, more.get(name)) for name in _CALLBACKS}
    return type(f"Noting{base.__name__}", (base,), body)()


def _callback(name: str, noted: Noted, then: Callable[..., Any] | None) -> Callable[..., None]:
    def callback(self: Any, *values: Any) -> None:
        noted.add(name, *values, self.current_run, self.current_event)
        result = then(*values) if then else None
        if inspect.iscoroutine(result):
            _drive(result)

    return callback


def _async_callback(name: str, noted: Noted, then: Callable[..., Any] | None) -> Callable[..., Any]:
    async def callback(self: Any, *values: Any) -> None:
        noted.add(name, *values, self.current_run, self.current_event)
        result = then(*values) if then else None
        if inspect.iscoroutine(result):
            await result

    return callback


def _drive(coroutine: Any) -> None:
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise RuntimeError("a callback of a synchronous handler cannot wait")
