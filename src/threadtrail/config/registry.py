"""Imports and builds the chosen exporters, and registers them with pluggy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pluggy

from threadtrail._guard import guard
from threadtrail._text import escaped, without_logins
from threadtrail.config import exporter_options, installed
from threadtrail.config.choice import Option
from threadtrail.config.exporter_errors import problems_raised
from threadtrail.config.hook_rules import plugin_manager, register, unmarked_hooks
from threadtrail.config.installed import AvailableExporter, available
from threadtrail.config.problems import Problem, Problems, cause_of
from threadtrail.config.secrets import secrets_among, without
from threadtrail.config.untrusted import refused_options
from threadtrail.delivery.hooks import ExporterHooks
from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from threadtrail.config.settings import ExporterChoice, Settings

__all__ = ["AvailableExporter", "ExporterHooks", "LoadedExporter", "LoadedExporters", "available", "load"]

UNKNOWN_DESTINATION = "unknown"
"""The destination of an exporter without the hook ``destination``."""


@dataclass(frozen=True, slots=True)
class LoadedExporter:
    """An exporter that is ready for ``start``; without a distribution it was given as an object.

    ``options`` are those that it was built with, defaults included. ``unmarked`` is the problem that some
    methods have the name of a hook and are never called; None if there are none.
    """

    name: str
    exporter: object
    hooks: ExporterHooks
    distribution: str | None = None
    version: str | None = None
    options: Mapping[str, Option] = field(default_factory=dict)
    unmarked: Problem | None = None

    def start(self, settings: Settings) -> str | None:
        """Call the hook ``start``, if the exporter has one; return why it is switched off, if it is.

        Raises:
            ConfigurationError: the hook raised. The message names the exporter and, if it is about an
                option, where that was set.
        """
        if self.hooks.start is None:
            return None
        reason, error = guard.catch(self.hooks.start, settings=settings)
        if error is not None:
            problems = Problems()
            found = problems_raised(error, self.name, self.options, failed="it cannot be started")
            problems.add(*found, cause=cause_of(error))
            problems.raise_if_any()
        return escaped(reason) if isinstance(reason, str) and reason else None

    def destination(self) -> str:
        """Return where the started exporter sends events, without possible secrets."""
        answer, _ = guard.catch(self.hooks.destination) if self.hooks.destination else (None, None)
        text = without_logins(answer) if isinstance(answer, str) else ""
        secrets = secrets_among((name, option.value) for name, option in self.options.items())
        return escaped(without(secrets, text)) or UNKNOWN_DESTINATION


@dataclass(frozen=True, slots=True)
class LoadedExporters:
    """The chosen exporters in their order, and the one plugin manager with all of them."""

    manager: pluggy.PluginManager
    exporters: tuple[LoadedExporter, ...]

    def __iter__(self) -> Iterator[LoadedExporter]:
        return iter(self.exporters)

    def __len__(self) -> int:
        return len(self.exporters)

    def destinations(self) -> str:
        """Return each started exporter with its destination."""
        return ", ".join(f"{item.name} ({item.destination()})" for item in self.exporters) or "none"


@dataclass(frozen=True, slots=True)
class _Built:
    name: str
    exporter: object
    distribution: str | None = None
    version: str | None = None
    options: Mapping[str, Option] = field(default_factory=dict)


def load(settings: Settings) -> LoadedExporters:
    """Import, build, check and register the exporters that ``settings`` choose; call no hook.

    Raises:
        ConfigurationError: an exporter is not installed, cannot be imported or built, has an unknown option
            or a value that does not fit, or breaks the hook specifications. It has all problems at once.
    """
    problems = Problems()
    manager = plugin_manager()
    registered: list[_Built] = []
    for choice, name in zip(settings.exporters, _names(settings.exporters), strict=True):
        built = _build(choice, name, problems)
        if built is None:
            continue
        _, error = guard.catch(register, manager, name, built.exporter)
        if error is None:
            registered.append(built)
        else:
            found = problems_raised(error, name, built.options, failed="it cannot be registered")
            problems.add(*found, cause=cause_of(error))
    problems.raise_if_any()
    return LoadedExporters(manager, tuple(_loaded(manager, built) for built in registered))


def _loaded(manager: pluggy.PluginManager, built: _Built) -> LoadedExporter:
    hooks = ExporterHooks.from_plugin_manager(manager, built.exporter)
    return LoadedExporter(
        built.name,
        built.exporter,
        hooks,
        built.distribution,
        built.version,
        built.options,
        unmarked_hooks(built.exporter, hooks),
    )


def _names(chosen: tuple[ExporterChoice, ...]) -> list[str]:
    """Return a name for each; objects get their own or their class's name, the second one ``NAME-2``."""
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
        problems.add_error(error)
        return None
    owner = installed.describe(entry)
    package = f"{owner.module}, from {owner.distribution} {owner.version}"
    factory, failure = guard.catch(entry.load)
    if failure is not None:
        says = f"it cannot be imported: {type(failure).__name__}: {failure}."
        problem = Problem(says=says, advice=f"{installed.remedy(owner)}.", exporter=name, package=package)
        problems.add(problem, cause=cause_of(failure))
        return None
    values = _options(name, factory, choice.options, package, problems)
    if values is None:
        return None
    given = {key: replace(choice.options[key], value=value) for key, value in values.items()}
    options = exporter_options.with_defaults(factory, given)
    exporter, failure = guard.catch(factory, **values)
    if failure is not None:
        found = problems_raised(failure, name, options, failed="it cannot be built")
        problems.add(*(replace(problem, package=package) for problem in found), cause=cause_of(failure))
        return None
    return _Built(name, exporter, owner.distribution, owner.version, options)


def _options(
    name: str, factory: Any, options: Mapping[str, Option], package: str, problems: Problems
) -> dict[str, Any] | None:
    """Return the values to call the factory with; None if one of them does not fit."""
    found = Problems()
    values: dict[str, Any] = {}
    if callable(factory):
        found.add(*refused_options(factory, options))
        values = exporter_options.checked(name, factory, options, found)
    else:
        says = "its entry point must name a class or a function that returns an exporter."
        found.add(Problem(says=says))
    problems.add(*(replace(problem, exporter=name, package=package) for problem in found))
    return None if found else values
