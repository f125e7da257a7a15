"""Celery, billiard and RQ: their workers end with ``os._exit``, which skips ``atexit``.

- Celery's pool is billiard's. A child that is recycled or shut down calls ``Worker._do_exit``: that calls
  ``on_exit``, from which Celery sends its signal ``worker_process_shutdown``; reports the child's death, at
  which the parent sends SIGTERM; and ends the process. So the rest is delivered right after ``on_exit``.
- RQ forks a work-horse for each job, which calls ``os._exit`` after it. The work-horse may be the first to
  import the app, and with it to call ``instrument()``, when the functions that end it are already running.
  Then only their module ``os`` can be replaced.

Nothing is imported here: the modules are changed when, and if, the app imports them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NoReturn

from threadtrail.delivery import lifecycle
from threadtrail.servers.watching import Watching

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from threadtrail.servers.watching import Change, Undo


def watch() -> None:
    """Have these workers deliver before they leave, also in modules that are imported later."""
    watching.on(MODULES)


def unwatch() -> None:
    """Restore what was replaced."""
    watching.off()


def _watch_billiard(pool: ModuleType) -> Undo | None:
    worker = getattr(pool, "Worker", None)
    original = getattr(worker, "_do_exit", None)
    if worker is None or original is None:
        return None

    def _do_exit(self: Any, *args: Any, **kwargs: Any) -> Any:
        self.on_exit = _then_deliver(self.on_exit)
        return original(self, *args, **kwargs)

    worker._do_exit = _do_exit  # noqa: SLF001 - the only place that each child passes

    def undo() -> None:
        if worker._do_exit is _do_exit:  # noqa: SLF001 - as above
            worker._do_exit = original  # noqa: SLF001 - as above

    return undo


def _then_deliver(on_exit: Callable[..., Any] | None) -> Callable[..., Any]:
    def deliver(*args: Any, **kwargs: Any) -> Any:
        try:
            return on_exit(*args, **kwargs) if on_exit is not None else None
        finally:
            lifecycle.at_exit()

    return deliver


def _watch_celery(signals: ModuleType) -> Undo | None:
    signal = getattr(signals, "worker_process_shutdown", None)
    if signal is None:
        return None
    signal.connect(_celery_child_ends, weak=False)
    return lambda: signal.disconnect(_celery_child_ends)


def _celery_child_ends(**_arguments: Any) -> None:
    """Deliver, unless billiard's pool does that after the app's own receivers of the signal."""
    if "billiard.pool" not in watching.undo:
        lifecycle.at_exit()


class _LeavingOs:
    """The module ``os`` as RQ's worker sees it: it delivers the rest before the process leaves."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    @staticmethod
    def _exit(status: int) -> NoReturn:
        lifecycle.at_exit()
        os._exit(status)


def _watch_rq(worker: ModuleType) -> Undo | None:
    if getattr(worker, "os", None) is not os:
        return None
    leaving = _LeavingOs()
    worker.os = leaving  # type: ignore[attr-defined]  # the module has imported it

    def undo() -> None:
        if worker.os is leaving:
            worker.os = os  # type: ignore[attr-defined]  # as above

    return undo


MODULES: dict[str, Change] = {
    "billiard.pool": _watch_billiard,
    "celery.signals": _watch_celery,
    "rq.worker": _watch_rq,  # up to RQ 2
    "rq.worker.base": _watch_rq,
    "rq.worker.worker_classes": _watch_rq,
}
"""The modules to change, and their changes."""

watching: Watching = Watching(MODULES)
