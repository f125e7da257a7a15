"""The calls of one exporter's hooks, each contained and put into words for the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.delivery.pending import seconds_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail._guard import Guard
    from threadtrail.delivery.hooks import ExporterHooks
    from threadtrail.events import Event


class ExporterCalls:
    """Calls one exporter; contains what it raises, up to ``contain``.

    ``BaseException`` in a worker of ours, where an exporter's ``sys.exit()`` must not end the worker;
    ``Exception`` in the user's thread, where ``KeyboardInterrupt`` is the user's.
    """

    def __init__(
        self, name: str, hooks: ExporterHooks, guard: Guard, *, contain: type[BaseException]
    ) -> None:
        self._name = name
        self._hooks = hooks
        self._guard = guard
        self._contain = contain

    def export(self, events: Sequence[Event], contexts: Sequence[object]) -> BaseException | None:
        """Hand over a batch; return what it raised. Not reported yet: the loss is to be counted first."""
        if self._hooks.export is None:
            return None
        # Tuples: an exporter that sorts or empties its batch must not surprise anyone.
        _, error = self._guard.catch(
            self._hooks.export, contain=self._contain, events=tuple(events), contexts=tuple(contexts)
        )
        return error

    def flush(self, deadline: float) -> bool:
        """Call ``flush``; False if it returned False or raised, or if the deadline is already past."""
        if self._hooks.flush is None:
            return True
        left = seconds_until(deadline)
        if not left:
            return False
        answer, error = self._guard.catch(self._hooks.flush, contain=self._contain, timeout=left)
        if error is not None:
            self.report("flush", "failed", error=error)
        return error is None and answer is not False

    def shutdown(self, deadline: float) -> bool:
        """Call ``shutdown``, also past the deadline, since it is called once; False if it raised."""
        if self._hooks.shutdown is None:
            return True
        left = seconds_until(deadline)
        _, error = self._guard.catch(self._hooks.shutdown, contain=self._contain, timeout=left)
        if error is not None:
            self.report("shutdown", "failed", error=error)
        return error is None

    def after_fork(self) -> None:
        """Call ``after_fork``: the exporter forgets the connections that it shares with the parent."""
        if self._hooks.after_fork is not None:
            self._guard.call(f"exporter {self._name!r}, after_fork", self._hooks.after_fork)

    def report(
        self, cause: str, happened: str, *, lost: int | None = None, error: BaseException | None = None
    ) -> None:
        """Log that something ``happened``, with the events lost so far: at most once per 20 s and cause."""
        consequence = happened if lost is None else f"{happened}; {lost} events lost so far"
        self._guard.report(f"exporter {self._name!r}, {cause}", consequence, error=error)
