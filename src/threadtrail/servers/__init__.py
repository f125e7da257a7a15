"""Servers and job queues: delivery before their processes end, and carriers that are passed on to these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.servers import job_queues, propagation, sigterm

if TYPE_CHECKING:
    from threadtrail.config.settings import Settings

__all__ = ["unwatch", "watch"]


def watch(settings: Settings) -> None:
    """Deliver what was seen before a worker of a job queue leaves; the settings switch on the rest."""
    job_queues.watch()
    propagation.watch(settings.propagate)
    if settings.flush_on_sigterm:
        sigterm.watch()
    else:
        sigterm.unwatch()


def unwatch() -> None:
    """Restore what was replaced."""
    job_queues.unwatch()
    propagation.unwatch()
    sigterm.unwatch()
