"""Registers an exporter with pluggy, unless it breaks the hook specifications."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pluggy

from threadtrail import hookspecs
from threadtrail._text import closest, did_you_mean, listed, sentences
from threadtrail.config.problems import Problem, error_of
from threadtrail.delivery.hooks import ExporterHooks

if TYPE_CHECKING:
    from pluggy import HookCaller, HookImpl

    from threadtrail.errors import ConfigurationError

_LAZY = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)


def plugin_manager() -> pluggy.PluginManager:
    """Return a plugin manager that knows the hooks, and no exporter yet."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def register(manager: pluggy.PluginManager, name: str, exporter: object) -> None:
    """Register the exporter under its name.

    Raises:
        ConfigurationError: it breaks the hook specifications, or is registered already.
    """
    if manager.has_plugin(name):
        raise _refused("two exporters have this name.", "Choose it once, or give the object another name.")
    if manager.is_registered(exporter):
        raise _refused("the same object, or one equal to it, is chosen twice.", "Choose it once.")
    try:
        manager.register(exporter, name)
    except pluggy.PluginValidationError as error:
        refused = _unknown_argument(manager, exporter) or _refused(" ".join(str(error).split()))
        raise refused from error
    own = [
        (caller, implementation)
        for caller in manager.get_hookcallers(exporter) or ()
        for implementation in caller.get_hookimpls()
        if implementation.plugin is exporter
    ]
    if not any(caller.name == "export" for caller, _ in own) and hasattr(exporter, "export"):
        raise _refused("its method export is not marked.", "Put @threadtrail.hookimpl above it.")
    if not own:
        raise _refused("it has no method marked @threadtrail.hookimpl, so it would receive nothing.")
    for caller, implementation in own:
        _check_hook(manager, caller, implementation)


def unmarked_hooks(exporter: object, hooks: ExporterHooks) -> Problem | None:
    """Return the problem of methods that have the name of a hook and are not marked; None if all are.

    Only those of classes that mark other methods: a base class of another library may have a ``flush``.
    """
    classes = [cls for cls in type(exporter).__mro__ if any(map(_is_marked, vars(cls).values()))]
    names = [
        name
        for name in ExporterHooks.__slots__
        if getattr(hooks, name) is None and any(inspect.isfunction(vars(cls).get(name)) for cls in classes)
    ]
    if not names:
        return None
    says = f"these of its methods are not marked, so they are never called: {listed(names)}."
    return Problem(says=says, advice="Put @threadtrail.hookimpl above each, or rename what is no hook.")


def _is_marked(value: object) -> bool:
    return inspect.isfunction(value) and f"{hookspecs.PROJECT}_impl" in vars(value)


def _refused(says: str, advice: str = "") -> ConfigurationError:
    return error_of(Problem(says=says, advice=advice))


def _unknown_argument(manager: pluggy.PluginManager, exporter: object) -> ConfigurationError | None:
    """Return the error about an argument that its hook does not have; None if all arguments exist."""
    for method in dir(exporter):
        options = manager.parse_hookimpl_opts(exporter, method)
        hook = None if options is None else options.get("specname") or method
        caller: HookCaller | None = getattr(manager.hook, hook or "", None)
        if options is None or caller is None or caller.spec is None:
            continue
        taken = pluggy.HookImpl(exporter, "", getattr(exporter, method), options).argnames
        allowed = caller.spec.argnames
        for argument in taken:
            if argument not in allowed:
                return _refused(
                    f"its hook {hook!r} takes {argument!r}, which does not exist.",
                    sentences(did_you_mean(closest(argument, allowed)), f"It may take: {listed(allowed)}."),
                )
    return None


def _check_hook(manager: pluggy.PluginManager, caller: HookCaller, implementation: HookImpl) -> None:
    if not caller.has_spec() and not implementation.optionalhook:
        hooks = [name for name, hook in vars(manager.hook).items() if hook.has_spec()]
        question = did_you_mean(closest(caller.name, hooks))
        raise _refused(f"there is no hook {caller.name!r}.", sentences(question, f"Hooks: {listed(hooks)}."))
    if implementation.wrapper or implementation.hookwrapper:
        raise _refused(
            f"its hook {caller.name!r} is a wrapper, which would run around other exporters too.",
            "Mark it with a plain @threadtrail.hookimpl.",
        )
    if any(test(implementation.function) for test in _LAZY):
        raise _refused(f"its hook {caller.name!r} must be a plain function: async or yield never runs.")
