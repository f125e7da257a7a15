"""Makes requests of our own with the app's client, outside its threads and, if possible, its event loop."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

REQUEST_SECONDS = 10.0

DEFAULT_CLIENTS = ("SyncHttpxClientWrapper", "AsyncHttpxClientWrapper")
"""The classes of the HTTP clients that the SDK makes by default (openai 1.21 to 3.57)."""


def own_request(
    client: Any, loop: Any, path: str, query: dict[str, Any], headers: dict[str, str]
) -> dict[str, Any]:
    """Make a GET request with the key and the base URL of the app's client; return the parsed answer.

    The client may have been closed since, as at the end of a ``with`` block, and the event loop of an async
    one may be gone or busy. If its HTTP client is the SDK's default, a copy of the client then makes the
    request. An HTTP client that the app supplied (with a proxy, say) is the only one that may be used.

    Raises:
        RuntimeError: the app's own HTTP client is closed, or its event loop is gone.
    """
    # `client.get` is public, calls none of the patched methods, and gives no deprecation warning.
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
    """Return a copy of the client with its own HTTP client, made as the SDK makes it."""
    make = type(client._client)  # noqa: SLF001 - as above
    return client.copy(http_client=make(base_url=client.base_url, timeout=client.timeout))
