"""Everything that is patched: the sources' methods, and the few places in the SDK that their results pass."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from threadtrail.context import in_force
from threadtrail.instrumentation.arguments import ArgumentWatch
from threadtrail.instrumentation.exchanges import note_retry, watch_response
from threadtrail.instrumentation.pages import watch_next_page, watch_paginator
from threadtrail.instrumentation.patching import Patches, Target, by_wrapt, plainly
from threadtrail.instrumentation.streams import note_close
from threadtrail.instrumentation.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from threadtrail.instrumentation.sink import Sink
    from threadtrail.sources.source import Source

STREAMING = "openai._streaming"
BASE = "openai._base_client"


def watch_close(wrapped: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Note a ``close``; wraps that of streams, and of objects that keep a stream and close it themselves."""
    sink: Sink | None = in_force.sink
    if sink is not None and args:
        sink.guard.call("noting the close of a stream", note_close, args[0])
    return wrapped(*args, **kwargs)


def targets(sources: Iterable[Source]) -> Iterator[Target]:
    """Yield every method to patch, sync and async."""
    for source in sources:
        for resource, method, operation in source.rows():
            watch = Watch(operation, opens_manager=method.opens_manager)
            reads = None if method.argument is None else ArgumentWatch(watch, method.argument)
            for owner, wrap in (
                (resource.name, plainly(watch.sync) if reads is None else by_wrapt(reads)),
                (f"Async{resource.name}", _asynchronously(watch) if reads is None else by_wrapt(reads)),
            ):
                yield Target(
                    resource.module,
                    owner,
                    method.name,
                    wrap,
                    optional=resource.optional,
                    since=method.since,
                    follows_runs=method.learnt_from is not None,
                )
        for module, owner in source.stream_wrappers:
            yield Target(module, owner, "close", by_wrapt(watch_close), optional=True)
    for owner in ("Stream", "AsyncStream"):
        yield Target(STREAMING, owner, "close", by_wrapt(watch_close))
    for owner in ("BaseSyncPage", "BaseAsyncPage"):
        yield Target(BASE, owner, "get_next_page", by_wrapt(watch_next_page))
    yield Target(BASE, "AsyncPaginator", "__await__", plainly(watch_paginator))
    for owner in ("SyncAPIClient", "AsyncAPIClient"):
        for method_name in ("_sleep_for_retry", "_retry_request"):
            yield Target(BASE, owner, method_name, by_wrapt(note_retry), optional=True)
        yield Target(BASE, owner, "_process_response", plainly(watch_response), optional=True)


def _asynchronously(watch: Watch) -> Callable[[Any], Any]:
    """Return a function that replaces an async method; only a coroutine function needs ``wrapt`` for that."""
    coroutine_function, other = by_wrapt(watch.asynchronous), plainly(watch.lazy)
    return lambda original: (coroutine_function if iscoroutinefunction(original) else other)(original)


patches: Patches = Patches()
"""The patches of this process; they are global, since resource classes are."""
