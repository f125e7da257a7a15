"""The hooks that an exporter may implement.

An exporter is any object with one or more of these methods, each marked ``@threadtrail.hookimpl``; it
may take fewer arguments than are specified here, so the specification can grow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.config.settings import Settings
    from threadtrail.events import AnyEvent

PROJECT = "threadtrail"

hookspec: pluggy.HookspecMarker = pluggy.HookspecMarker(PROJECT)
"""Marks a function below as the specification of a hook."""

hookimpl: pluggy.HookimplMarker = pluggy.HookimplMarker(PROJECT)
"""Marks a method of an exporter as one of the hooks below, by its name."""


@hookspec
def start(settings: Settings) -> str | None:
    """Get ready: called once, by ``instrument()`` or ``threadtrail doctor``, in the caller's thread.

    Return None. An exporter that is switched off returns why, such as ``"OTEL_SDK_DISABLED is true"``: that
    is logged, ``export`` is not called, and its events count as dropped.

    If it raises, so does ``instrument()``: raise here for a missing key, and open no connection. Name the
    option that is wrong, ``ConfigurationError("there is no such folder", option="path", value=path)``, and
    the place where it was set is added to the message. A message that begins with the option
    (``path='x': ...``) does the same.
    """


@hookspec
def destination() -> str | None:
    """Return where events go, in a few words: the addresses, the file or the stream.

    Called after ``start``, in the caller's thread, for the line of the log that says where runs are sent, and
    by ``threadtrail doctor`` before it calls ``check``: open no connection. Of an address, the user name, the
    password and the query are left out. ``threadtrail replay`` notes what it has sent by destination, to
    send nothing twice. Without this hook, the destination is shown as unknown, and is the same for all.
    """


@hookspec
def capture_context() -> object:
    """Return what ties a run to its surroundings (an active span, for example), or ``None``.

    Called in the app's thread when a run, a trace or a stand-alone operation begins, so it must be cheap.
    The value comes back in ``contexts`` with every event that belongs to it. It never leaves the process.
    """


@hookspec
def export(events: Sequence[AnyEvent], contexts: Sequence[object]) -> None:
    """Take a batch of 1 to 128 events, in order; ``contexts[i]`` belongs to ``events[i]``.

    Called in the exporter's own worker thread, never twice at once. Its exceptions are contained, and
    logged at most once per 20 seconds. The batch then counts as failed; if only some of its events were
    lost, raise ``threadtrail.EventsLostError`` with their number. Ignore event classes you do not know.
    """


@hookspec
def flush(timeout: float) -> bool | None:
    """Deliver all events that you hold within ``timeout`` seconds; return False if you could not.

    ``threadtrail.flush()`` then returns False, but no event counts as failed. Called on request and before
    the end, never periodically.
    """


@hookspec
def shutdown(timeout: float) -> None:
    """Close down within ``timeout`` seconds; called once for each ``start``, after the last ``export``.

    It may come without a ``flush`` before it, so deliver here, too, what you hold.
    """


@hookspec
def check(timeout: float) -> str | None:
    """Ask the backend, within ``timeout`` seconds, whether it can be reached and accepts the credentials.

    Called by ``threadtrail doctor`` after ``start``, never while an application runs. Return a short
    sentence with the answer, or None if there is no backend to ask. If something is wrong, raise
    ``threadtrail.CheckError`` with the problem and the advice. Store nothing in the backend, and show no
    secret.
    """


@hookspec
def after_fork() -> None:
    """Forget what is the parent's: called in a forked child, before any other hook there.

    Drop the events that you hold, which the parent delivers, and the connections: a keep-alive socket
    shared with the parent corrupts what both send.
    """
