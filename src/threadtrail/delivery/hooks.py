"""The hooks of one exporter, and calls of them that contain their exceptions.

pluggy would call all exporters in a row and stop at the first that raises. A lane calls the hooks of its own
exporter only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from threadtrail._own_work import call_as_own
from threadtrail._waiting import seconds_until
from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pluggy

    from threadtrail._guard import Guard
    from threadtrail.events import Event

LOSSES = "events lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExporterHooks:
    """One exporter's hooks by name, called with keywords; ``None`` for a hook that it does not implement."""

    start: Callable[..., Any] | None = None
    destination: Callable[..., Any] | None = None
    capture_context: Callable[..., Any] | None = None
    export: Callable[..., Any] | None = None
    flush: Callable[..., Any] | None = None
    shutdown: Callable[..., Any] | None = None
    after_fork: Callable[..., Any] | None = None
    check: Callable[..., Any] | None = None

    @classmethod
    def from_plugin_manager(cls, manager: pluggy.PluginManager, plugin: object) -> ExporterHooks:
        """Return the hooks that ``plugin``, registered with ``manager``, implements.

        Raises:
            ConfigurationError: it implements one hook twice (by ``specname``).
        """
        return cls(**{name: _caller(manager, plugin, name) for name in cls.__slots__})


class ExporterCalls:
    """Calls one exporter's hooks in its lane's worker; contains and reports their exceptions.

    ``losses`` names in the log what was not delivered.
    """

    def __init__(self, name: str, hooks: ExporterHooks, guard: Guard, losses: str = LOSSES) -> None:
        self._name = name
        self._hooks = hooks
        self._guard = guard
        self._losses = losses
        self._logged_lost = 0

    def export(self, events: Sequence[Event], contexts: Sequence[object]) -> BaseException | None:
        """Export a batch; return what it raised. The caller counts the loss, then reports it."""
        if self._hooks.export is None:
            return None
        # Tuples, so that an exporter cannot sort or empty the lists of the worker.
        _, error = self._guard.catch(self._hooks.export, events=tuple(events), contexts=tuple(contexts))
        return error

    def flush(self, deadline: float) -> bool:
        """Call ``flush``; return False if it returned False or raised, or the deadline is over."""
        if self._hooks.flush is None:
            return True
        left = seconds_until(deadline)
        if not left:
            return False
        answer, error = self._guard.catch(self._hooks.flush, timeout=left)
        if error is not None:
            self.report("flush", "failed", error=error)
        return error is None and answer is not False

    def shutdown(self, deadline: float) -> bool:
        """Call ``shutdown``, even if the deadline is over; return False if it raised."""
        if self._hooks.shutdown is None:
            return True
        left = seconds_until(deadline)
        _, error = self._guard.catch(self._hooks.shutdown, timeout=left)
        if error is not None:
            self.report("shutdown", "failed", error=error)
        return error is None

    def after_fork(self) -> None:
        """Call ``after_fork``, in which the exporter drops the connections of its parent process."""
        self._logged_lost = 0
        if self._hooks.after_fork is None:
            return
        # Whatever it raises: Python passes no exception of a fork's callbacks on, not even to end the child,
        # and the other exporters are still to be reset.
        _, error = self._guard.catch(self._hooks.after_fork, contain=BaseException)
        if error is not None:
            self._guard.report(f"exporter {self._name!r}, after_fork", error=error)

    def report(
        self,
        cause: str,
        happened: str,
        *,
        lost: int | None = None,
        error: BaseException | None = None,
        always: bool = False,
    ) -> None:
        """Log what ``happened`` and how many events were lost; at most once per 20 s and cause."""
        consequence = happened if lost is None else f"{happened}; {self._losses} so far: {lost}"
        what = f"exporter {self._name!r}, {cause}"
        if self._guard.report(what, consequence, error=error, always=always) and lost is not None:
            self._logged_lost = lost

    def report_rest(self, lost: int) -> None:
        """Log how many events were lost in all, if some of them are not in the log yet."""
        if lost > self._logged_lost:
            self.report("shutdown", "done", lost=lost, always=True)


def _caller(manager: pluggy.PluginManager, plugin: object, name: str) -> Callable[..., Any] | None:
    hook: pluggy.HookCaller = getattr(manager.hook, name)
    # By identity. `subset_hook_caller` hashes and compares plugins, but an exporter that is a plain
    # dataclass has no hash, and two of them with equal options are equal.
    implementations = [item for item in hook.get_hookimpls() if item.plugin is plugin]
    if not implementations:
        return None
    if len(implementations) > 1:
        raise ConfigurationError(
            f"exporter {manager.get_name(plugin)!r}: the hook {name!r} is implemented by several methods "
            f"({', '.join(item.function.__name__ for item in implementations)}); keep one of them"
        )
    return _with_known_arguments(implementations[0])


def _with_known_arguments(implementation: pluggy.HookImpl) -> Callable[..., Any]:
    """Return a function that passes the arguments that the implementation has, including optional ones.

    Calls of the SDK within the hook are not recorded.
    """
    function = implementation.function
    required, optional = implementation.argnames, implementation.kwargnames

    def call(**arguments: Any) -> Any:
        chosen = {name: arguments[name] for name in optional if name in arguments}
        return call_as_own(function, *[arguments[name] for name in required], **chosen)

    return call
