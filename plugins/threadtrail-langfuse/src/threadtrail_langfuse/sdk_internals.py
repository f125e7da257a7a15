"""The undocumented parts of the Langfuse SDK that are used, and why.

The SDK keeps one client per public key in a registry. A second client for a key gets the settings of the
first, and with two keys in the registry ``get_client()`` and ``@observe`` switch themselves off. So the
exporter's client must never be in it: the app may make one for the same key, or have one for another key.
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
    "manager_of",
    "registered",
    "remove_exit_handler",
    "repair_after_fork",
    "unregistered",
]

_NOT_INHERITED = frozenset({"tracer_provider", "id_generator", "span_exporter", "httpx_client"})


class _Hidden:
    """The app's client while it is out of the registry, because the exporter's is being made."""

    key: str | None = None
    manager: Manager | None = None


def registered(public_key: str) -> Manager | None:
    """Return the manager of the app's own client for this key, if there is one."""
    if _Hidden.key == public_key and _Hidden.manager is not None:
        return _Hidden.manager
    return Manager._instances.get(public_key)  # noqa: SLF001 - there is no public registry


def active_keys() -> list[str]:
    """Return the public keys of the app's own clients, without those that the SDK makes as switched off."""
    return [
        key
        for key, manager in list(Manager._instances.items())  # noqa: SLF001 - there is no public registry
        if manager.tracing_enabled
    ]


def manager_of(client: Langfuse) -> Manager | None:
    """Return the manager of a client; ``None`` if it was made without keys, and can send nothing."""
    return client._resources  # noqa: SLF001 - there is no public way from a client to its settings


def client_settings(manager: Manager) -> dict[str, Any]:
    """Return the settings of the app's client as arguments for another one, like ``get_client()``."""
    names = inspect.signature(Langfuse).parameters.keys() - _NOT_INHERITED
    settings = {name: getattr(manager, name) for name in names if hasattr(manager, name)}
    # Only one that the app passed: the SDK makes its own again after a fork, but not a shared one.
    custom = getattr(manager, "_custom_httpx_client", None)
    return settings if custom is None else {**settings, "httpx_client": custom}


@contextmanager
def unregistered(public_key: str) -> Iterator[None]:
    """Keep a client that is made for this key in the block out of the registry; the app's stays in it."""
    registry = Manager._instances  # noqa: SLF001 - there is no public registry
    with Manager._lock:  # noqa: SLF001 - no public lock; others wait as for any client that is made
        _Hidden.key, _Hidden.manager = public_key, registry.pop(public_key, None)
        try:
            yield
        finally:
            _restore(public_key)


def _restore(public_key: str) -> None:
    registry, hidden = Manager._instances, _Hidden.manager  # noqa: SLF001 - there is no public registry
    if hidden is None:
        registry.pop(public_key, None)
    else:
        registry[public_key] = hidden
    _Hidden.key = _Hidden.manager = None


def repair_after_fork() -> None:
    """Unlock the registry in a child that was forked while the exporter's client was being made."""
    if _Hidden.key is not None:
        Manager._lock = threading.RLock()  # noqa: SLF001 - a thread that the child does not have holds the old one
        _restore(_Hidden.key)


def close(client: Langfuse) -> None:
    """Shut down the exporter's client, including what the SDK keeps until the process ends.

    These are the connections, and the thread that refreshes prompts, which this client does not have.
    """
    client.shutdown()
    manager = manager_of(client)
    if manager is None:
        return
    manager.prompt_cache._task_manager.shutdown()  # noqa: SLF001 - no public way
    if getattr(manager, "_custom_httpx_client", None) is None:
        manager.httpx_client.close()


def remove_exit_handler(client: Langfuse) -> None:
    """Remove the SDK's exit handler of the exporter's client: it waits without a timeout."""
    manager = manager_of(client)
    if manager is not None:
        atexit.unregister(manager.shutdown)
