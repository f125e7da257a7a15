"""What we use of the Langfuse SDK that it does not document: all of it stands here, and why.

The SDK keeps one client per public key in a registry. Who comes second gets the first one's settings,
and with two keys in it ``get_client()`` and ``@observe`` switch themselves off. A client of ours must
therefore never stand in it: neither in the way of the one that the app makes later, nor beside it.
"""

from __future__ import annotations

import atexit
import inspect
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from langfuse import Langfuse
from langfuse._client.resource_manager import LangfuseResourceManager as Manager

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Manager",
    "active_keys",
    "client_settings",
    "close",
    "leave_exit_to_us",
    "manager_of",
    "registered",
    "repair_after_fork",
    "unregistered",
]

_OURS_TO_SAY = frozenset({"tracer_provider", "id_generator", "span_exporter", "httpx_client"})


class _Hidden:
    """The app's client that is out of the registry at this moment, while one of ours is made."""

    key: str | None = None
    manager: Manager | None = None


def registered(public_key: str) -> Manager | None:
    """What stands behind the app's own client for this key, if the app has made one."""
    if _Hidden.key == public_key and _Hidden.manager is not None:
        return _Hidden.manager
    return Manager._instances.get(public_key)  # noqa: SLF001 - see above


def active_keys() -> list[str]:
    """The public keys of the app's own clients; not those that the SDK itself makes as switched off."""
    return [
        key
        for key, manager in list(Manager._instances.items())  # noqa: SLF001 - see above
        if manager.tracing_enabled
    ]


def manager_of(client: Langfuse) -> Manager | None:
    """What stands behind a client; ``None`` if it was made without keys, so can send nothing."""
    return client._resources  # noqa: SLF001 - there is no public way from a client to its settings


def client_settings(manager: Manager) -> dict[str, Any]:
    """The settings of the app's client, as arguments for another one: what ``get_client()`` does too."""
    names = inspect.signature(Langfuse).parameters.keys() - _OURS_TO_SAY
    settings = {name: getattr(manager, name) for name in names if hasattr(manager, name)}
    # Only one that the app brought: the SDK's own is made anew after a fork, and a shared one would not be.
    custom = getattr(manager, "_custom_httpx_client", None)
    return settings if custom is None else {**settings, "httpx_client": custom}


@contextmanager
def unregistered(public_key: str) -> Iterator[None]:
    """A client that is made for this key in the block stays out of the registry; the app's stays in it."""
    registry = Manager._instances  # noqa: SLF001 - see above
    with Manager._lock:  # noqa: SLF001 - who asks for a client meanwhile waits, as for any client being made
        _Hidden.key, _Hidden.manager = public_key, registry.pop(public_key, None)
        try:
            yield
        finally:
            _put_back(public_key)


def _put_back(public_key: str) -> None:
    registry, hidden = Manager._instances, _Hidden.manager  # noqa: SLF001 - see above
    if hidden is None:
        registry.pop(public_key, None)
    else:
        registry[public_key] = hidden
    _Hidden.key = _Hidden.manager = None


def repair_after_fork() -> None:
    """In a child that was forked while a client of ours was being made: free the registry again."""
    if _Hidden.key is not None:
        Manager._lock = threading.RLock()  # noqa: SLF001 - its holder is a thread that the child does not have
        _put_back(_Hidden.key)


def close(client: Langfuse) -> None:
    """Shut a client of ours down, with what the SDK leaves to the end of the process.

    That is the thread that keeps prompts fresh, of which a client of ours has none, and the connections.
    """
    client.shutdown()
    manager = manager_of(client)
    if manager is None:
        return
    manager.prompt_cache._task_manager.shutdown()  # noqa: SLF001 - see above
    if getattr(manager, "_custom_httpx_client", None) is None:
        manager.httpx_client.close()


def leave_exit_to_us(client: Langfuse) -> None:
    """Take back the SDK's exit handler of a client of ours: it waits without a bound, and ours has one."""
    manager = manager_of(client)
    if manager is not None:
        atexit.unregister(manager.shutdown)
