"""The hooks of one exporter, and their contained calls: what pluggy knows of it, without the fan-out.

pluggy calls all plugins in a row and stops at the first that raises; a lane calls its own exporter only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pluggy

    from threadtrail._guard import Guard
    from threadtrail.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ExporterHooks:
    """One exporter's hooks by name, called with keywords; ``None`` where it does not implement one."""

    start: Callable[..., Any] | None = None
    capture_context: Callable[..., Any] | None = None
    export: Callable[..., Any] | None = None
    flush: Callable[..., Any] | None = None
    shutdown: Callable[..., Any] | None = None
    after_fork: Callable[..., Any] | None = None
    check: Callable[..., Any] | None = None

    @classmethod
    def from_plugin_manager(cls, manager: pluggy.PluginManager, plugin: object) -> ExporterHooks:
        """Collect what ``plugin``, registered with ``manager``, implements.

        Raises:
            ConfigurationError: it implements one hook twice (``specname``): which one is meant?
        """
        return cls(**{name: _caller(manager, plugin, name) for name in cls.__slots__})


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


def seconds_until(deadline: float) -> float:
    """Seconds until ``deadline`` (a time of ``time.monotonic()``), never negative."""
    return max(0.0, deadline - time.monotonic())


def _caller(manager: pluggy.PluginManager, plugin: object, name: str) -> Callable[..., Any] | None:
    hook: pluggy.HookCaller = getattr(manager.hook, name)
    # By identity, and not by `subset_hook_caller`, which hashes and compares plugins: an exporter that is
    # a plain dataclass has no hash, and two of them with equal options would be taken for one.
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
    """Call with the arguments the implementation names, also those to which it gives a default."""
    function = implementation.function
    required, optional = implementation.argnames, implementation.kwargnames

    def call(**arguments: Any) -> Any:
        chosen = {name: arguments[name] for name in optional if name in arguments}
        return function(*[arguments[name] for name in required], **chosen)

    return call
