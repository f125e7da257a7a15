"""Drives either kind of client. The client decides which, since some proxies of streams have both methods."""

from __future__ import annotations

import contextlib
import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def is_async(client: Any) -> bool:
    """Return whether the calls of a client are awaited."""
    return inspect.iscoroutinefunction(client.close)


async def resolved(value: Any) -> Any:
    """Return a value, or await it if it can be awaited."""
    return await value if inspect.isawaitable(value) else value


async def each(client: Any, source: Any) -> AsyncIterator[Any]:
    """Iterate over an object that a client returned."""
    if is_async(client):
        async for item in source:
            yield item
    else:
        for item in source:
            yield item


async def drain(client: Any, source: Any) -> None:
    """Iterate to the end."""
    async for _ in each(client, source):
        pass


@contextlib.asynccontextmanager
async def entered(client: Any, manager: Any) -> AsyncIterator[Any]:
    """Enter a context manager that a client returned."""
    if is_async(client):
        async with manager as value:
            yield value
    else:
        with manager as value:
            yield value
