"""Drive one exporter as an application does: with the real registry, delivery and lane."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from threadtrail._guard import Guard
from threadtrail._text import sentences
from threadtrail.config import registry
from threadtrail.config.problems import problems_of
from threadtrail.config.settings import ExporterChoice, Settings
from threadtrail.delivery.delivery import Delivery
from threadtrail.delivery.lane import Lane
from threadtrail.delivery.processors import build_processors
from threadtrail.errors import ConfigurationError
from threadtrail.testing.conformance import rules
from threadtrail.testing.conformance.app_thread import AppThread, HungError, where
from threadtrail.testing.conformance.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from threadtrail.config.problems import Problem as ConfigurationProblem
    from threadtrail.delivery.hooks import ExporterHooks
    from threadtrail.delivery.status import LaneStatus
    from threadtrail.delivery.worker import Pending
    from threadtrail.events import Event

QUEUE_SIZE = 10_000
CONTAINED = ("capture_context", "export", "flush", "shutdown", "after_fork")
"""The hooks whose errors the application does not see."""

GRACE_SECONDS = 2.0
"""How late a hook may be on a busy machine."""


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception, and the hook that raised it."""

    hook: str
    error: BaseException

    def __str__(self) -> str:
        return f"{self.hook}() raised {type(self.error).__name__}: {self.error}"


class _Silent(Guard):
    """Logs nothing: the driver notes what hooks raise, and the log is searched for what an exporter wrote."""

    def report(self, *_args: object, **_kwargs: object) -> bool:
        """Do nothing."""
        return True


class Driver:
    """One exporter at work; no call takes longer than ``deadline`` seconds, whatever the exporter does."""

    def __init__(self, exporter: object, *, deadline: float) -> None:
        self.deadline = deadline
        self._settings = Settings(exporters=(ExporterChoice(None, exporter),))
        try:
            (loaded,) = registry.load(self._settings)
        except ConfigurationError as error:
            found = problems_of(error)
            seen = sentences(*(problem.message for problem in found))
            fix = sentences(*(problem.advice for problem in found)) or "correct what the message names."
            raise Problem(rules.HOOKS, seen=seen, fix=fix) from None
        self.exporter = exporter
        self.name: str = loaded.name
        self.hooks: ExporterHooks = loaded.hooks
        self.unmarked: ConfigurationProblem | None = loaded.unmarked
        self._guard = _Silent()
        self._raised: list[Raised] = []
        self._noting = replace(self.hooks, **{name: self._noting_errors(name) for name in CONTAINED})
        self._lane = Lane(self.name, self._noting, queue_size=QUEUE_SIZE, guard=self._guard)
        self.delivery: Delivery = Delivery([self._lane], processors=build_processors(), guard=self._guard)
        self._app = AppThread()
        self._others = set(threading.enumerate())
        self._started = self._hangs = False

    @property
    def status(self) -> LaneStatus:
        """The lane's counters."""
        return self._lane.status()

    @property
    def raised(self) -> list[Raised]:
        """The errors of hooks that were contained so far."""
        return list(self._raised)

    def start(self) -> None:
        """Call ``start``, as ``instrument()`` does."""
        hook = self.hooks.start
        self._started = True
        if hook is not None:
            _, error = self.in_app(lambda: hook(settings=self._settings), "start")
            if error is not None:
                raise Problem(
                    rules.STARTS,
                    seen=f"start() raised {type(error).__name__}.",
                    fix="give the exporter in the fixture what start() needs. start() must not raise then.",
                    error=error,
                )

    def publish(self, events: Iterable[Event]) -> None:
        """Publish events in the application's thread, without waiting for the exporter."""

        def call() -> None:
            captured = self.delivery.capture()
            for event in events:
                self.delivery.publish(event, captured)

        self.in_app(call, "capture_context")

    def export(self, events: Iterable[Event], *, with_context: bool = True) -> list[Raised]:
        """Call ``export`` with one event at a time, in the thread that called ``start``; return its errors.

        An error then belongs to one event, and an exporter that works in one thread only does not fail
        here, since another rule is about that. ``flush`` and ``shutdown`` still run in the lane's worker.
        """
        hook, before = self._noting.export, len(self._raised)
        if hook is None:
            return []

        def call() -> None:
            self.delivery.start()  # a lane without a worker would not flush
            captured = self.delivery.capture() if with_context else None
            context = captured.get(self.name) if captured else None
            for event in events:
                self._guard.catch(hook, contain=BaseException, events=(event,), contexts=(context,))

        self.in_app(call, "capture_context or export")
        return [each for each in self._raised[before:] if each.hook == "export"]

    def wait_until_exported(self) -> None:
        """Wait until the queue is empty and ``export`` has returned."""
        deadline, pause = time.monotonic() + self.deadline, threading.Event()
        while self.status.queued:
            if time.monotonic() > deadline:
                raise self.hung("export")
            pause.wait(0.001)

    def flush(self) -> bool:
        """Flush the lane; return False if the exporter's ``flush`` returned False or raised."""
        return self._bounded(self._lane.begin_flush, "flush")

    def shutdown(self) -> bool:
        """Shut the lane down; return False if the exporter raised."""
        return self._bounded(self._lane.begin_shutdown, "shutdown")

    def in_app(
        self, function: Callable[[], Any], what: str, *, grace: float = 0.0
    ) -> tuple[Any, BaseException | None]:
        """Call a function in the application's thread; return its result and its error."""
        try:
            return self._app.call(function, self.deadline + grace)
        except HungError as hung:
            raise self._never_returned(what, str(hung), self.deadline) from None

    def after_fork_in_child(self) -> None:
        """Reset in a forked child, as threadtrail does there, in the thread that forked."""
        self._raised = []
        self._others = set(threading.enumerate())
        self._app = AppThread()
        self.delivery.after_fork_in_child()

    def threads_of_exporter(self, threads: Iterable[threading.Thread]) -> set[threading.Thread]:
        """Return those of the threads that belong neither to the kit nor to the lane."""
        return {thread for thread in threads if thread not in self._others} - set(self._workers())

    def leave(self) -> None:
        """Shut the exporter down, unless that was done, while its backend is still available."""
        if self._started and not self._hangs:
            with contextlib.suppress(Problem):
                self.shutdown()
        self._app.leave()

    def hung(self, what: str) -> Problem:
        """Return the problem that a hook in the worker has not returned in time."""
        workers = self._workers()
        return self._never_returned(what, where(workers[0]) if workers else "unknown", self.deadline)

    def _noting_errors(self, name: str) -> Callable[..., Any] | None:
        """Return the hook of this name, made to note what it raises."""
        hook = getattr(self.hooks, name)
        if hook is None:
            return None

        def call(**arguments: Any) -> Any:
            result, error = self._guard.catch(hook, contain=BaseException, **arguments)
            if error is not None:
                self._raised.append(Raised(name, error))
                raise error
            return result

        return call

    def _bounded(self, begin: Callable[[float], Pending], what: str) -> bool:
        """Begin a flush or a shutdown, and wait a little longer than its deadline."""
        deadline = time.monotonic() + self.deadline
        latest = deadline + GRACE_SECONDS
        answer, error = self.in_app(lambda: begin(deadline).wait(latest), what, grace=2 * GRACE_SECONDS)
        if error is not None:  # of the kit: the lane contains the errors of hooks
            raise error
        if time.monotonic() >= latest:
            raise self.hung(f"export or {what}")
        return bool(answer)

    def _never_returned(self, what: str, at: str, seconds: float) -> Problem:
        self._hangs = True
        return Problem(
            rules.NEVER_HANGS,
            seen=f"{what} had not returned after {seconds:g} s. It is at {at}",
            fix="limit every wait with a timeout; flush(), shutdown() and check() get theirs as an argument.",
        )

    def _workers(self) -> list[threading.Thread]:
        name = f"threadtrail-{self.name}"
        return [each for each in threading.enumerate() if each.name == name and each not in self._others]
