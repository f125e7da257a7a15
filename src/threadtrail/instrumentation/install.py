"""All that is patched: the Assistants methods, and the few seams of the SDK that their results pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.instrumentation.openai_assistants import ROWS
from threadtrail.instrumentation.pages import watch_next_page, watch_paginator
from threadtrail.instrumentation.patching import Patches, Target, by_wrapt, plainly
from threadtrail.instrumentation.requests import note_retry, watch_response
from threadtrail.instrumentation.sink import active
from threadtrail.instrumentation.streams import note_close
from threadtrail.instrumentation.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator

STREAMING = "openai._streaming"
BASE = "openai._base_client"


def watch_close(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Wrapper of ``Stream.close`` and ``AsyncStream.close``."""
    sink = active.sink
    if sink is not None:
        sink.guard.call("noting the close of a stream", note_close, instance)
    return wrapped(*args, **kwargs)


def targets() -> Iterator[Target]:
    """Every method to patch, sync and async."""
    for row in ROWS:
        watch = Watch(row)
        yield Target(row.module, row.resource, row.method, by_wrapt(watch.sync))
        yield Target(row.module, f"Async{row.resource}", row.method, by_wrapt(watch.asynchronous))
    for owner in ("Stream", "AsyncStream"):
        yield Target(STREAMING, owner, "close", by_wrapt(watch_close))
    for owner in ("BaseSyncPage", "BaseAsyncPage"):
        yield Target(BASE, owner, "get_next_page", by_wrapt(watch_next_page))
    yield Target(BASE, "AsyncPaginator", "__await__", plainly(watch_paginator))
    for owner in ("SyncAPIClient", "AsyncAPIClient"):
        for method in ("_sleep_for_retry", "_retry_request"):
            yield Target(BASE, owner, method, by_wrapt(note_retry), optional=True)
        yield Target(BASE, owner, "_process_response", plainly(watch_response), optional=True)


patches = Patches()
"""The process's patches: resource classes are global, so this is."""
