"""Finds the chosen exporters, imports only those, builds them and registers them with pluggy."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pluggy

from threadtrail import hookspecs
from threadtrail._text import closest, did_you_mean, is_secret, listed
from threadtrail.config import exporter_options, installed
from threadtrail.config.choice import Option
from threadtrail.config.installed import AvailableExporter, available
from threadtrail.delivery.hooks import ExporterHooks
from threadtrail.errors import ConfigurationError, Problems

if TYPE_CHECKING:
    from pluggy import HookCaller, HookImpl

    from threadtrail.config.settings import ExporterChoice, Settings

__all__ = ["AvailableExporter", "ExporterHooks", "LoadedExporter", "LoadedExporters", "available", "load"]


@dataclass(frozen=True, slots=True)
class LoadedExporter:
    """An exporter that is ready for ``start``; without a distribution it was given as an object.

    ``options`` are those it was built with, defaults included.
    """

    name: str
    exporter: object
    hooks: ExporterHooks
    distribution: str | None = None
    version: str | None = None
    options: Mapping[str, Option] = field(default_factory=dict)

    def start(self, settings: Settings) -> None:
        """Call the hook ``start``, if the exporter has one.

        Raises:
            ConfigurationError: it raised. The message names the exporter and, if it begins with an option
                (``path='x': ...``), says where that was set.
        """
        if self.hooks.start is None:
            return
        problems = Problems()
        secrets = _secrets({name: option.value for name, option in self.options.items()})
        reword = partial(exporter_options.with_origin, self.options)
        with problems.during(f"exporter {self.name!r}", hide=secrets, reword=reword):
            self.hooks.start(settings=settings)
        problems.raise_if_any()


@dataclass(frozen=True, slots=True)
class LoadedExporters:
    """The chosen exporters in their order, and the one plugin manager that knows them all."""

    manager: pluggy.PluginManager
    exporters: tuple[LoadedExporter, ...]

    def __iter__(self) -> Iterator[LoadedExporter]:
        return iter(self.exporters)

    def __len__(self) -> int:
        return len(self.exporters)


_LAZY = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)

SHORTEST_SECRET = 4
"""Letters; anything shorter is too likely part of other words to be cut from a message."""


@dataclass(frozen=True, slots=True)
class _Built:
    name: str
    exporter: object
    distribution: str | None = None
    version: str | None = None
    options: Mapping[str, Option] = field(default_factory=dict)


def load(settings: Settings) -> LoadedExporters:
    """Import, build, check and register the exporters that ``settings`` choose; no hook is called.

    Raises:
        ConfigurationError: an exporter is not installed, cannot be imported or built, has an option that
            it does not know or a value that does not fit, or does not keep to the hook specifications.
            All that is wrong is told at once.
    """
    problems = Problems()
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    registered: list[_Built] = []
    for choice, name in zip(settings.exporters, _names(settings.exporters), strict=True):
        built = _build(choice, name, problems)
        if built is not None:
            with problems.during(f"exporter {name!r}"):
                _register(manager, name, built.exporter)
                registered.append(built)
    problems.raise_if_any()
    return LoadedExporters(manager, tuple(_loaded(manager, built) for built in registered))


def _loaded(manager: pluggy.PluginManager, built: _Built) -> LoadedExporter:
    hooks = ExporterHooks.from_plugin_manager(manager, built.exporter)
    return LoadedExporter(built.name, built.exporter, hooks, built.distribution, built.version, built.options)


def _names(chosen: tuple[ExporterChoice, ...]) -> list[str]:
    """Return a name for each; objects get their own or their class's name, the second alike ``-2``."""
    counts = Counter(choice.name for choice in chosen if choice.name is not None)
    names = []
    for choice in chosen:
        name = choice.name
        if name is None:
            own = getattr(choice.instance, "name", None)
            base = own if isinstance(own, str) and own else type(choice.instance).__name__
            name, number = base, 1
            while counts[name]:
                number += 1
                name = f"{base}-{number}"
            counts[name] += 1
        names.append(name)
    return names


def _build(choice: ExporterChoice, name: str, problems: Problems) -> _Built | None:
    """Return the exporter that was chosen; None if something is wrong with it."""
    if choice.instance is not None:
        return _Built(name, choice.instance)
    try:
        entry = installed.find(name, choice.origin)
    except ConfigurationError as error:
        problems.add(*error.problems)
        return None
    owner = installed.describe(entry)
    exporter = f"exporter {name!r} ({owner.module}, from {owner.distribution} {owner.version})"
    with problems.during(f"{exporter} cannot be imported; {installed.remedy(owner)}") as attempt:
        factory = entry.load()
    if attempt.failed:
        return None
    with problems.during(exporter) as attempt:
        values = _options(name, factory, choice)
    if attempt.failed:
        return None
    given = {key: replace(choice.options[key], value=value) for key, value in values.items()}
    options = exporter_options.with_defaults(factory, given)
    reword = partial(exporter_options.with_origin, options)
    with problems.during(f"{exporter} cannot be built", hide=_secrets(values), reword=reword):
        return _Built(name, factory(**values), owner.distribution, owner.version, options)
    return None


def _secrets(values: Mapping[str, object]) -> tuple[str, ...]:
    """Return the texts of the values that no message may hold."""
    return tuple(
        text for key, value in values.items() if is_secret(key) and len(text := str(value)) >= SHORTEST_SECRET
    )


def _options(name: str, factory: object, choice: ExporterChoice) -> dict[str, Any]:
    if not callable(factory):
        raise ConfigurationError("its entry point must name a class or a function that returns an exporter.")
    problems = Problems()
    values = exporter_options.checked(name, factory, choice.options, problems)
    problems.raise_if_any()
    return values


def _register(manager: pluggy.PluginManager, name: str, exporter: object) -> None:
    """Register the exporter, unless it would be ignored or do harm.

    Raises:
        ConfigurationError: it does not keep to the hook specifications.
    """
    if manager.has_plugin(name):
        raise ConfigurationError(
            "two exporters have this name. Choose it once, or give the object another name."
        )
    if manager.is_registered(exporter):
        raise ConfigurationError("the same object, or one equal to it, is chosen twice. Choose it once.")
    try:
        manager.register(exporter, name)
    except pluggy.PluginValidationError as error:
        problem = _unknown_argument(manager, exporter) or " ".join(str(error).split())
        raise ConfigurationError(problem) from error
    own = [
        (caller, implementation)
        for caller in manager.get_hookcallers(exporter) or ()
        for implementation in caller.get_hookimpls()
        if implementation.plugin is exporter
    ]
    if not any(caller.name == "export" for caller, _ in own) and hasattr(exporter, "export"):
        raise ConfigurationError("its method export is not marked: put @threadtrail.hookimpl above it.")
    if not own:
        raise ConfigurationError(
            "it has no method marked @threadtrail.hookimpl, so it would receive nothing."
        )
    for caller, implementation in own:
        _check_hook(manager, caller, implementation)


def _unknown_argument(manager: pluggy.PluginManager, exporter: object) -> str | None:
    """Say which argument of which hook does not exist; None if all of them do."""
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
                return (
                    f"its hook {hook!r} takes {argument!r}, which does not exist."
                    f"{did_you_mean(closest(argument, allowed))} It may take: {listed(allowed)}."
                )
    return None


def _check_hook(manager: pluggy.PluginManager, caller: HookCaller, implementation: HookImpl) -> None:
    if not caller.has_spec() and not implementation.optionalhook:
        hooks = [name for name, hook in vars(manager.hook).items() if hook.has_spec()]
        question = did_you_mean(closest(caller.name, hooks))
        raise ConfigurationError(f"there is no hook {caller.name!r}.{question} Hooks: {listed(hooks)}.")
    if implementation.wrapper or implementation.hookwrapper:
        raise ConfigurationError(
            f"its hook {caller.name!r} is a wrapper, which would run around other exporters too. "
            "Mark it with a plain @threadtrail.hookimpl."
        )
    if any(test(implementation.function) for test in _LAZY):
        raise ConfigurationError(
            f"its hook {caller.name!r} must be a plain function: async or yield never runs."
        )
