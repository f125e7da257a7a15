"""What every part of the play needs: a server, a tape, and clients of one kind."""

from __future__ import annotations

import contextlib
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from differential.tape import Entry, Tape
from threadtrail.testing.server import OpenAIServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

API_KEY = "sk-test"


@dataclass(frozen=True)
class World:
    """One kind of client, synchronous or asynchronous, and what it talks to."""

    server: OpenAIServer
    tape: Tape
    sdk: Any
    is_async: bool
    early: Any

    @property
    def client_class(self) -> Any:
        return self.sdk.AsyncOpenAI if self.is_async else self.sdk.OpenAI

    def new_client(self, **options: Any) -> Any:
        options = {"api_key": API_KEY, "base_url": self.server.base_url, **options}
        return self.client_class(**options)

    def step(self, name: str) -> contextlib.AbstractAsyncContextManager[Entry]:
        return self.tape.step(name)

    async def call(self, name: str, function: Any) -> Any:
        return await self.tape.call(name, function)


async def resolved(value: Any) -> Any:
    """Await what can be awaited, so that one play serves both kinds of client."""
    return await value if inspect.isawaitable(value) else value


async def items(source: Any) -> AsyncIterator[Any]:
    """Iterate over either kind of iterable."""
    # By its class: proxies that tools put around streams have the methods of both kinds.
    if hasattr(source.__class__, "__aiter__"):
        async for item in source:
            yield item
    else:
        for item in source:
            yield item


@contextlib.asynccontextmanager
async def entered(manager: Any) -> AsyncIterator[Any]:
    """Enter either kind of context manager."""
    if hasattr(manager.__class__, "__aenter__"):
        async with manager as value:
            yield value
    else:
        with manager as value:
            yield value
