"""One configuration at work: exporters, delivery, recorder and sink, wired together."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from threadtrail import servers, sources
from threadtrail._guard import guard
from threadtrail._waiting import seconds_until
from threadtrail.context import in_force
from threadtrail.delivery import lifecycle
from threadtrail.delivery.delivery import Delivery
from threadtrail.delivery.lane import Lane
from threadtrail.delivery.processors import build_processors, never_changed_bytes
from threadtrail.delivery.sampling import Sampler
from threadtrail.delivery.status import LaneStatus, summary
from threadtrail.instrumentation.elsewhere import elsewhere
from threadtrail.instrumentation.sink import Sink
from threadtrail.recording.recorder import Recorder
from threadtrail.sources import apis
from threadtrail.values import EMPTY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from threadtrail.config.comparing import Configuration
    from threadtrail.config.registry import LoadedExporters
    from threadtrail.config.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The result of ``threadtrail.status()``. Counts are of this process, since ``instrument()``.

    - ``active``: whether calls are being recorded.
    - ``patched``, ``missing`` (not in this version of the SDK) and ``not_imported``: the names of methods.
    - ``exporters``: each exporter's counters.
    - ``open_runs``: the number of runs that are being followed.
    - ``observations_waiting``: the number of notes that were not read yet; ``observations_dropped``: of those
      that were lost.
    - ``details_missed``: the number of runs whose details ``fetch_run_details`` could not fetch.
    - ``background_unfinished``: the ids of the newest background runs that were created here and published
      before
      their end was seen, so that their tokens are not known.
    - ``forgotten``: the numbers of records, by kind, that were dropped because memory is bounded.
    - ``contained``: the numbers of contained errors, by the operation that raised them.

    ``str(status)`` is a summary in a few lines.
    """

    active: bool = False
    patched: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    not_imported: tuple[str, ...] = ()
    exporters: dict[str, LaneStatus] = field(default_factory=dict)
    open_runs: int = 0
    observations_waiting: int = 0
    observations_dropped: int = 0
    details_missed: int = 0
    background_unfinished: tuple[str, ...] = ()
    forgotten: dict[str, int] = field(default_factory=dict)
    contained: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        counts = {
            "methods patched": len(self.patched),
            "missing": len(self.missing),
            "open runs": self.open_runs,
            "observations dropped": self.observations_dropped,
            "runs without details": self.details_missed,
            "background runs never seen to end": len(self.background_unfinished),
            **{f"forgotten for lack of room ({what})": count for what, count in self.forgotten.items()},
            "errors contained": sum(self.contained.values()),
        }
        return summary("active" if self.active else "not active", counts, self.exporters)

    def _repr_html_(self) -> str:
        """Return the counters as a notebook shows them."""
        from threadtrail.notebook.state import status_html  # noqa: PLC0415 - only notebooks need it

        return status_html(self)


class Runtime:
    """The objects between the patched methods and the backends, for one call of ``instrument()``.

    ``former`` is the runtime that it replaces: its recorder continues, so that open runs are not lost, and no
    run is published twice. ``switched_off`` has the exporters that are switched off, and why.
    """

    def __init__(
        self,
        configuration: Configuration,
        loaded: LoadedExporters,
        former: Runtime | None = None,
        switched_off: Mapping[str, str] = EMPTY,
    ) -> None:
        self.configuration = configuration
        settings = configuration.settings
        self.settings: Settings = settings
        self.stopped: bool = False
        changes: dict[str, Any] = {
            "capture_content": settings.capture_content,
            "redact": settings.redact,
            "max_content_bytes": settings.max_content_bytes,
        }
        self.delivery: Delivery = Delivery(
            [
                Lane(
                    item.name,
                    item.hooks,
                    queue_size=settings.queue_size,
                    switched_off=switched_off.get(item.name),
                )
                for item in loaded
            ],
            processors=build_processors(**changes),
            unprocessed_bytes=never_changed_bytes(**changes),
            sampler=Sampler(settings.sample_rate) if settings.sample_rate < 1 else None,
        )
        self._leaving: tuple[Delivery, ...] = ()
        self._lost_by_former = False
        if former is None or former.stopped:
            self.recorder: Recorder = Recorder(settings, self.delivery, guard, sources.SOURCES)
        else:
            self.recorder = former.recorder
        self.sink: Sink = self._make_sink()

    def _make_sink(self) -> Sink:
        wants_loop = self.settings.fetch_run_details
        return Sink(self.recorder, self.delivery, guard, sources.SOURCES, wants_loop=wants_loop)

    def start(self) -> None:
        """Put this runtime in force: for the patched methods, for forks and for the exit."""
        lifecycle.register(self)
        in_force.sink = self.sink
        servers.watch(self.settings)

    def replace(self, former: Runtime) -> None:
        """Take over from the former runtime, and wait for nothing.

        Its exporters get what was observed before this call, and are shut down when they have exported that.
        The next flush waits for them too, and so does the shutdown of this runtime.
        """
        former.stopped = True
        self._leaving = (*former.leaving(), former.delivery)
        self._lost_by_former = former.nothing_lost_by_former() is False
        deadline = time.monotonic() + former.settings.shutdown_timeout_seconds
        self.recorder.change_to(
            self.settings, self.delivery, then=lambda: former.delivery.begin_shutdown(deadline)
        )

    def leaving(self) -> tuple[Delivery, ...]:
        """Return the deliveries of former runtimes that are not done yet."""
        results = [(delivery, delivery.result) for delivery in self._leaving]
        self._leaving = tuple(delivery for delivery, result in results if result is None)
        self._lost_by_former |= any(result is False for _, result in results)
        return self._leaving

    def nothing_lost_by_former(self) -> bool:
        """Return whether former runtimes lost nothing since the previous call; each loss is reported once."""
        lost, self._lost_by_former = self._lost_by_former, False
        return not lost

    def flush(self, timeout: float, *, open_runs: bool = False) -> bool:
        """Record, publish and deliver what was seen so far; ``open_runs``: as unfinished.

        Returns False if that took over ``timeout`` seconds, or events were lost since the last flush.
        """
        if self.recorder.is_recording_here:
            return False
        deadline = time.monotonic() + timeout
        recorded = self.recorder.flush(timeout, open_runs=open_runs)
        answers = [recorded, self.delivery.flush(seconds_until(deadline))]
        answers += [delivery.flush(seconds_until(deadline)) for delivery in self.leaving()]
        self._leaving = tuple(delivery for delivery in self._leaving if delivery.result is None)
        return self.nothing_lost_by_former() and all(answers)

    def shutdown(self, timeout: float) -> bool:
        """Stop taking notes; deliver the rest, unfinished runs included, within ``timeout`` seconds."""
        if self.stopped:
            return True
        self.stopped = True
        if in_force.sink is self.sink:
            in_force.sink = None
        if lifecycle.unregister(self):
            servers.unwatch()
        deadline = time.monotonic() + timeout
        recorded = self.recorder.shutdown(timeout)
        elsewhere.recorded |= self.recorder.has_seen_calls
        deliveries = (self.delivery, *self.leaving())
        for delivery in deliveries:
            delivery.begin_shutdown(deadline)
        answers = [delivery.shutdown(seconds_until(deadline)) for delivery in deliveries]
        return self.nothing_lost_by_former() and recorded and all(answers)

    @property
    def exit_timeout(self) -> float:
        """How long the end of the process may be delayed, in seconds."""
        return self.settings.shutdown_timeout_seconds

    def at_exit(self) -> None:
        """Shut down within a time limit, as the process ends."""
        self.shutdown(self.exit_timeout)
        elsewhere.report([api.name for api in apis.RECORDED], [api.name for api in apis.NOT_RECORDED[:3]])

    def deliver(self, *, open_runs: bool) -> None:
        """Flush within a time limit: the process may end without an exit."""
        self.flush(self.exit_timeout, open_runs=open_runs)

    def after_fork_in_child(self) -> None:
        """Reset in a forked child, which has no threads, no queued events and no open runs of its parent."""
        elsewhere.inherited = True
        for delivery in (self.delivery, *self.leaving()):
            delivery.after_fork_in_child()
        self._leaving = ()
        self.recorder.after_fork_in_child()
        was_in_force = in_force.sink is self.sink
        self.sink = self._make_sink()
        if was_in_force:
            in_force.sink = self.sink
