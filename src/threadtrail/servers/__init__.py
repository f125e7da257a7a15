"""Servers and job queues whose processes end without running ``atexit``: what is delivered before they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.servers import job_queues, sigterm

if TYPE_CHECKING:
    from threadtrail.config.settings import Settings

__all__ = ["unwatch", "watch"]


def watch(settings: Settings) -> None:
    """Deliver what was seen before a worker of a job queue leaves, and at SIGTERM if that is asked for."""
    job_queues.watch()
    if settings.flush_on_sigterm:
        sigterm.watch()
    else:
        sigterm.unwatch()


def unwatch() -> None:
    """Restore what was replaced."""
    job_queues.unwatch()
    sigterm.unwatch()
