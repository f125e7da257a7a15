"""Requests of our own with the app's client, away from its threads and, if possible, from its event loop."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

REQUEST_SECONDS = 10.0

DEFAULT_CLIENTS = ("SyncHttpxClientWrapper", "AsyncHttpxClientWrapper")
"""The HTTP clients that the SDK makes by itself (openai 1.21 to 3.57)."""


def own_request(
    client: Any, loop: Any, path: str, query: dict[str, Any], headers: dict[str, str]
) -> dict[str, Any]:
    """Make a GET request with the key and the address of the app's client; return the parsed answer.

    A client whose HTTP client is the SDK's own default may be closed by now, as one in a ``with`` block is,
    and an async one's event loop may be gone or busy: then a copy of the client makes the request. An HTTP
    client that the app has given (a proxy, say) is the only one that may be used.

    Raises:
        RuntimeError: that one is closed, or its event loop is gone.
    """
    # `client.get` is public, passes none of the patched methods, and warns of no deprecation.
    options = {
        "params": dict(query),
        "headers": dict(headers),
        "timeout": REQUEST_SECONDS,
        "max_retries": 1,
    }
    is_async = inspect.iscoroutinefunction(client.get)
    if type(client._client).__name__ not in DEFAULT_CLIENTS:  # noqa: SLF001 - the SDK keeps it there
        answer = _by_the_apps_own(client, loop, path, options, is_async=is_async)
    elif is_async:
        answer = asyncio.run(_by_an_async_copy(client, path, options))
    elif client.is_closed():
        with _copy(client) as copy:
            answer = copy.get(path, cast_to=object, options=options)
    else:
        answer = client.get(path, cast_to=object, options=options)
    return answer if isinstance(answer, dict) else {}


def _by_the_apps_own(client: Any, loop: Any, path: str, options: dict[str, Any], *, is_async: bool) -> Any:
    if client.is_closed():
        raise RuntimeError("the client was closed before the details of its runs were fetched")
    if not is_async:
        return client.get(path, cast_to=object, options=options)
    if loop is None or not loop.is_running():
        raise RuntimeError("the event loop of the async client is gone")
    request = client.get(path, cast_to=object, options=options)
    return asyncio.run_coroutine_threadsafe(request, loop).result(2 * REQUEST_SECONDS)


async def _by_an_async_copy(client: Any, path: str, options: dict[str, Any]) -> Any:
    async with _copy(client) as copy:
        return await copy.get(path, cast_to=object, options=options)


def _copy(client: Any) -> Any:
    """Return a copy of the client with an HTTP client of its own, made as the SDK makes it."""
    make = type(client._client)  # noqa: SLF001 - as above
    return client.copy(http_client=make(base_url=client.base_url, timeout=client.timeout))
