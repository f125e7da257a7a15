"""``threadtrail.lifespan``: deliver when an ASGI app shuts down, before the server ends the process.

When uvicorn has shut down after a SIGTERM, it raises the signal again. That ends the process without
``atexit``.
"""

from __future__ import annotations

import functools
import inspect
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, overload

from threadtrail.delivery import lifecycle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    Lifespan = Callable[[Any], AbstractAsyncContextManager[Any]]


@overload
def lifespan(app: Lifespan) -> Lifespan: ...  # type: ignore[overload-overlap]  # an app takes other arguments


@overload
def lifespan(app: object) -> AbstractAsyncContextManager[Any]: ...


def lifespan(app: Any) -> Any:
    """Deliver everything when an ASGI app shuts down: ``FastAPI(lifespan=threadtrail.lifespan)``.

    Runs that are still open are published as unfinished. Recording continues, as in tests that start an app
    several times. The shutdown is delayed for ``shutdown_timeout_seconds`` at most.

    It also takes a lifespan of your own, a function, and returns one that delivers after it:
    ``FastAPI(lifespan=threadtrail.lifespan(my_lifespan))``, or as a decorator. Within one, write
    ``async with threadtrail.lifespan(app):``.
    """
    if inspect.isroutine(app) or isinstance(app, functools.partial):
        return functools.partial(_around, app)
    return _around(None, app)


@asynccontextmanager
async def _around(inner: Lifespan | None, app: Any) -> AsyncIterator[Any]:
    try:
        if inner is None:
            yield None
        else:
            async with inner(app) as state:
                yield state
    finally:
        await _deliver()


async def _deliver() -> None:
    """Deliver in another thread: the event loop may have to run for that."""
    if lifecycle.exit_timeout() is not None:
        from anyio import CapacityLimiter, to_thread  # noqa: PLC0415 - the SDK has it; needed only here

        # A limiter of its own: the app's may be used up by functions that hang.
        await to_thread.run_sync(lifecycle.deliver_all, limiter=CapacityLimiter(1))
