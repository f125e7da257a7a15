"""The hooks of one exporter, each a plain callable: what pluggy knows of it, without the fan-out.

pluggy calls all plugins in a row and stops at the first that raises; a lane calls its own exporter only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    import pluggy


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
