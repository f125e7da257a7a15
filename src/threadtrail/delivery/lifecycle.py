"""The process's own turning points: a fork and the exit. Registered once, whoever is current then.

``multiprocessing`` needs more than ``atexit``: its forked children leave by ``os._exit`` and run only their
own finalizers; and what is registered there inside of ``os.fork`` is cleared right after it.
"""

from __future__ import annotations

import atexit
import os
import sys
from typing import TYPE_CHECKING, Protocol

from threadtrail._guard import guard

if TYPE_CHECKING:
    from types import ModuleType

# multiprocessing joins the child's own children between its finalizers of priority 0 and those below.
_EXIT_PRIORITY = 0


class Owner(Protocol):
    """Who is told of a fork and of the exit."""

    def at_exit(self) -> None:
        """Deliver the rest, within a bound of its own; called once per process."""

    def after_fork_in_child(self) -> None:
        """Begin anew; called in a forked child, in the thread that forked."""


class _Process:
    """What is registered with this process, and for whom."""

    def __init__(self) -> None:
        self.owner: Owner | None = None
        self.hooked = False
        self.hooked_multiprocessing = False
        self.has_finalizer = False


_process = _Process()


def register(owner: Owner) -> None:
    """Make ``owner`` the one that is told of forks and of the exit, instead of any former one."""
    _process.owner = owner
    if not _process.hooked:
        _process.hooked = True
        atexit.register(_at_exit)
        if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
            os.register_at_fork(after_in_child=_after_fork_in_child)
    _hook_multiprocessing()


def unregister(owner: Owner) -> None:
    """Tell ``owner`` nothing more; of no effect if another one has taken its place."""
    if _process.owner is owner:
        _process.owner = None


def _at_exit() -> None:
    owner, _process.owner = _process.owner, None
    if owner is not None:
        # Also SystemExit, which would become the exit code of a multiprocessing child, and the impatient
        # user's Ctrl-C, which ends our waiting, as meant.
        _, error = guard.catch(owner.at_exit, contain=BaseException)
        if error is not None:
            guard.report("delivery at exit", error=error)


def _after_fork_in_child() -> None:
    _process.has_finalizer = False
    _hook_multiprocessing()
    if _process.owner is not None:
        guard.call("beginning anew after a fork", _process.owner.after_fork_in_child)


def _hook_multiprocessing() -> None:
    util = sys.modules.get("multiprocessing.util")
    if util is None:
        return
    if not _process.hooked_multiprocessing:
        _process.hooked_multiprocessing = True
        # Runs in each child, right after multiprocessing has cleared its finalizers.
        util.register_after_fork(_process, _finalize_multiprocessing_child)
    if util.process.parent_process() is not None:
        _add_finalizer(util)


def _finalize_multiprocessing_child(_registered: _Process) -> None:
    _process.has_finalizer = False
    _add_finalizer(sys.modules["multiprocessing.util"])


def _add_finalizer(util: ModuleType) -> None:
    if not _process.has_finalizer:
        _process.has_finalizer = True
        util.Finalize(None, _at_exit, exitpriority=_EXIT_PRIORITY)
