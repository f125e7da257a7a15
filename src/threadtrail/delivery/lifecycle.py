"""Callbacks for a fork and for the end of the process. They are registered once, for the current owner.

``multiprocessing`` needs more than ``atexit``: its forked children end with ``os._exit`` and run only its own
finalizers, and it clears those that were registered during ``os.fork``. Processes of ``billiard`` run the
same ones, except in its pool (see ``threadtrail.servers``).
"""

from __future__ import annotations

import atexit
import os
import sys
from typing import TYPE_CHECKING, Protocol

from threadtrail._guard import guard
from threadtrail._own_work import run_as_own_thread

if TYPE_CHECKING:
    from types import ModuleType

# multiprocessing joins the child's own children between its finalizers of priority 0 and those below.
_EXIT_PRIORITY = 0


class Owner(Protocol):
    """The object whose methods are called at a fork and at the exit."""

    @property
    def exit_timeout(self) -> float:
        """How long the end of the process may be delayed, in seconds."""

    def at_exit(self) -> None:
        """Deliver the rest within ``exit_timeout`` and stop; called once per process."""

    def deliver(self, *, open_runs: bool) -> None:
        """Deliver what was seen within ``exit_timeout``, and continue; ``open_runs``: as unfinished."""

    def after_fork_in_child(self) -> None:
        """Reset; called in a forked child, in the thread that forked."""


class _Process:
    """The callbacks registered in this process, and the current owner."""

    def __init__(self) -> None:
        self.owner: Owner | None = None
        self.hooked = False
        self.hooked_multiprocessing = False
        self.has_finalizer = False


_process = _Process()


def register(owner: Owner) -> None:
    """Call ``owner`` at forks and at the exit, instead of any former owner."""
    _process.owner = owner
    if not _process.hooked:
        _process.hooked = True
        atexit.register(at_exit)
        if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
            os.register_at_fork(after_in_child=_after_fork_in_child)
    _hook_multiprocessing()


def unregister(owner: Owner) -> bool:
    """Stop calling ``owner``; return False, and do nothing, if another owner has replaced it."""
    if _process.owner is not owner:
        return False
    _process.owner = None
    return True


def exit_timeout() -> float | None:
    """Return the maximum delay of the end of the process, in seconds; None if nothing is to be delivered."""
    owner = _process.owner
    return None if owner is None else owner.exit_timeout


def deliver() -> None:
    """Deliver what was seen so far; the process may end or continue."""
    if _process.owner is not None:
        guard.call("delivery", _process.owner.deliver, open_runs=False)


def deliver_all() -> None:
    """Do as ``deliver``, and publish open runs as unfinished: the process probably ends."""
    if _process.owner is not None:
        guard.call("delivery", _process.owner.deliver, open_runs=True)


def at_exit() -> None:
    """Deliver the rest, once: the process ends right after this."""
    owner, _process.owner = _process.owner, None
    if owner is not None:
        # Contain SystemExit too, which would become the exit code of a multiprocessing child, and
        # KeyboardInterrupt: Ctrl-C ends the wait.
        _, error = guard.catch(run_as_own_thread, owner.at_exit, contain=BaseException)
        if error is not None:
            guard.report("delivery at exit", error=error)


def _after_fork_in_child() -> None:
    _process.has_finalizer = False
    _hook_multiprocessing()
    if _process.owner is not None:
        guard.call("reset after a fork", _process.owner.after_fork_in_child)


def _hook_multiprocessing() -> None:
    util = sys.modules.get("multiprocessing.util")
    if util is None:
        return
    if not _process.hooked_multiprocessing:
        _process.hooked_multiprocessing = True
        # Runs in each child, right after multiprocessing has cleared its finalizers.
        util.register_after_fork(_process, _finalize_multiprocessing_child)
    # billiard's children are current processes of multiprocessing, too, but have no `parent_process()`.
    if getattr(util.process.current_process(), "_parent_pid", None) is not None:
        _add_finalizer(util)


def _finalize_multiprocessing_child(_registered: _Process) -> None:
    _process.has_finalizer = False
    _add_finalizer(sys.modules["multiprocessing.util"])


def _add_finalizer(util: ModuleType) -> None:
    if not _process.has_finalizer:
        _process.has_finalizer = True
        util.Finalize(None, at_exit, exitpriority=_EXIT_PRIORITY)
