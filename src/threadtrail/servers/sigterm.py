"""``flush_on_sigterm``: deliver what was seen when SIGTERM arrives, then do what the signal does otherwise.

SIGTERM ends a Python program at once, without ``atexit``; so ``docker stop`` or Kubernetes lose the last
seconds. The former handler is called afterwards, so that the program ends, or continues, as without
threadtrail.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from threadtrail._guard import guard
from threadtrail.delivery import lifecycle

if TYPE_CHECKING:
    from collections.abc import Callable

logger: logging.Logger = logging.getLogger("threadtrail")

GRACE_SECONDS = 0.5
"""How long after the timeout the handler waits for a delivery that gives up by itself, in seconds."""

INIT = 1
"""The process id of the first process of a container, which no signal ends that it does not handle."""


class _Sigterm:
    """The former handler, and whether threadtrail's handler is running."""

    former: Any = signal.SIG_DFL
    delivering = False


def watch() -> None:
    """Handle SIGTERM from now on, if that is possible."""
    if threading.current_thread() is not threading.main_thread():
        _impossible("call threadtrail.instrument() in the main thread: Python sets handlers only there")
        return
    current = signal.getsignal(signal.SIGTERM)
    if current is _handle or current is signal.SIG_IGN:  # ignored: it ends nothing
        return
    if current is None:
        _impossible("a handler is in force that was not set by Python, so it could not be called afterwards")
        return
    former, error = guard.catch(signal.signal, signal.SIGTERM, _handle)
    if error is None:
        _Sigterm.former = former
    else:  # not the main interpreter
        _impossible(str(error))


def unwatch() -> None:
    """Restore the former handler, if threadtrail's is still in force.

    In another thread than the main one that is not possible: then threadtrail's handler only passes the
    signal on.
    """
    if signal.getsignal(signal.SIGTERM) is _handle and (
        threading.current_thread() is threading.main_thread()
    ):
        guard.catch(signal.signal, signal.SIGTERM, _Sigterm.former)


def _impossible(why: str) -> None:
    logger.warning("flush_on_sigterm has no effect: %s", why)


def _handle(number: int, frame: Any) -> None:
    spawn = _green_spawn()
    if _Sigterm.delivering:  # a second one does not wait
        _pass_on(number, frame)
    elif spawn is None:
        try:
            _deliver_aside()
        finally:  # also if Ctrl-C ends the wait
            _pass_on(number, frame)
    elif _Sigterm.former is signal.SIG_DFL:
        spawn(_deliver_and_end, number)
    else:
        spawn(_deliver)
        _pass_on(number, frame)


def _deliver() -> None:
    """Deliver everything. If the signal ends the process after that, exporters are closed as well."""
    _Sigterm.delivering = True
    try:
        if _Sigterm.former is signal.SIG_DFL and os.getpid() != INIT:
            lifecycle.at_exit()
        elif _Sigterm.former is signal.SIG_DFL:
            lifecycle.deliver_all()
        else:
            lifecycle.deliver()
    finally:
        _Sigterm.delivering = False


def _deliver_aside() -> None:
    """Deliver in another thread, with a time limit: the main thread may hold a lock that is needed."""
    timeout = lifecycle.exit_timeout()
    if timeout is None:
        return
    thread = threading.Thread(target=_deliver, name="threadtrail-sigterm", daemon=True)
    _, error = guard.catch(thread.start)
    if error is None:
        thread.join(timeout + GRACE_SECONDS)
    else:  # no thread can be started while the interpreter exits
        _deliver()


def _deliver_and_end(number: int) -> None:
    _deliver()
    _pass_on(number, None)


def _pass_on(number: int, frame: Any) -> None:
    former = _Sigterm.former
    if former is not signal.SIG_DFL:
        former(number, frame)
        return
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
    signal.signal(number, _handle)  # the first process of a container lives on


def _green_spawn() -> Callable[..., Any] | None:
    """Return the function that starts a greenlet, if threads are greenlets.

    The handler may then run in their hub, which must not wait.
    """
    for library, module, is_patched, what in (
        ("gevent", "gevent.monkey", "is_module_patched", "threading"),
        ("eventlet", "eventlet.patcher", "is_monkey_patched", "thread"),
    ):
        patching = sys.modules.get(module)
        if patching is not None and getattr(patching, is_patched)(what):
            spawn: Callable[..., Any] = sys.modules[library].spawn
            return spawn
    return None
