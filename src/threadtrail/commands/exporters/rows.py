"""One row for each exporter that is installed or chosen."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, get_type_hints

from threadtrail import hookspecs
from threadtrail._guard import attempt, describe
from threadtrail._text import did_you_mean, sentences
from threadtrail.config import installed
from threadtrail.config.hook_rules import plugin_manager, register
from threadtrail.config.problems import Problem
from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.metadata import EntryPoint

    from threadtrail.config.settings import Settings


class State(StrEnum):
    """Whether an exporter gets the events, and if not, why."""

    ENABLED = "enabled"
    AVAILABLE = "available"
    """It is installed but not chosen."""
    SWITCHED_OFF = "switched off"
    """All of threadtrail is switched off."""
    BROKEN = "broken"
    AMBIGUOUS = "ambiguous"
    """Two distributions provide it."""
    NOT_INSTALLED = "not installed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One exporter: what it is, and whether it gets the events.

    ``origin`` is where it was chosen, or where threadtrail was switched off. ``hooks`` is ``None`` where
    they are unknown: the exporter is broken, or a function without a return annotation builds it.
    """

    name: str
    distribution: str | None = None
    version: str | None = None
    module: str | None = None
    hooks: tuple[str, ...] | None = None
    state: State
    chosen: bool
    origin: str | None = None
    problem: str | None = None
    advice: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the row as values that can be written as JSON."""
        return asdict(self)


def rows(settings: Settings, origins: Mapping[str, str]) -> list[Row]:
    """Return a row for each exporter, by name; import the installed ones to find their hooks.

    ``origins`` has the place where each setting was set.
    """
    chosen = {choice.name: choice.origin for choice in settings.exporters if choice.name is not None}
    switched_off = origins["disabled"] if settings.disabled else None
    by_name: defaultdict[str, list[EntryPoint]] = defaultdict(list)
    for entry in installed.entry_points():
        by_name[entry.name].append(entry)
    found = [_missing(name, origin) for name, origin in chosen.items() if name not in by_name]
    for claims in by_name.values():
        found += _installed(claims, chosen, switched_off)
    return sorted(found, key=lambda row: (row.name, row.distribution or ""))


def not_installed() -> list[str]:
    """Return the names of the project's own plugins that are not installed."""
    there = {entry.name for entry in installed.entry_points()}
    return [name for name in installed.PLUGINS if name not in there]


def _missing(name: str, origin: str) -> Row:
    if name in installed.PLUGINS:
        advice = f"Install it: {installed.install_command(name)}"
    else:
        names = {*installed.PLUGINS, *(entry.name for entry in installed.entry_points())}
        question = did_you_mean(installed.meant(name, names))
        advice = sentences("Install its package, or correct the name.", question)
    return Row(
        name=name,
        state=State.NOT_INSTALLED,
        chosen=True,
        origin=origin,
        problem="it is not installed",
        advice=advice,
    )


def _installed(
    claims: list[EntryPoint], chosen: Mapping[str, str], switched_off: str | None
) -> Iterator[Row]:
    """Yield a row for each distribution that provides the exporter; more than one is an error."""
    owners = [installed.describe(entry) for entry in claims]
    for entry, owner in zip(claims, owners, strict=True):
        hooks, problem = _hooks(entry, installed.remedy(owner))
        state = State.ENABLED if owner.name in chosen else State.AVAILABLE
        advice = None
        if switched_off is not None:
            state = State.SWITCHED_OFF
        says = None
        if problem is not None:
            state, says, advice = State.BROKEN, problem.message.rstrip("."), problem.advice or None
        if len(claims) > 1:
            others = sorted(f"{each.distribution} {each.version}" for each in owners if each is not owner)
            state, says = State.AMBIGUOUS, f"{' and '.join(others)} provides it too"
            advice = "Uninstall all but one of them: pip uninstall DISTRIBUTION"
        yield Row(
            name=owner.name,
            distribution=owner.distribution,
            version=owner.version,
            module=owner.module,
            hooks=hooks,
            state=state,
            chosen=owner.name in chosen,
            origin=switched_off or chosen.get(owner.name),
            problem=says,
            advice=advice,
        )


def _hooks(entry: EntryPoint, remedy: str) -> tuple[tuple[str, ...] | None, Problem | None]:
    """Return the hooks in the order of their specification, and what is wrong with the exporter.

    ``remedy`` is the advice where its package is.
    """
    factory, error = attempt(entry.load)
    if error is not None:
        return None, Problem(says=f"it cannot be imported: {describe(error)}", advice=remedy)
    if not callable(factory):
        return None, Problem(says=f"{entry.value} is neither a class nor a function", advice=remedy)
    kind = factory if isinstance(factory, type) else attempt(get_type_hints, factory)[0]
    if isinstance(kind, dict):  # a function's annotations: take the type that it returns
        kind = kind.get("return")
    if not isinstance(kind, type):
        return None, None
    return _marked(kind), _refused(entry.name, kind)


def _refused(name: str, kind: type) -> Problem | None:
    """Return why ``instrument()`` refuses an exporter of this class, by the hooks that it has.

    The exporter is not built for that: the class stands for it, or an object without its attributes. Of the
    class no method is bound, so pluggy takes a first parameter that is not called ``self`` for an argument;
    of the object properties may fail. An exporter is refused if both are.
    """
    _, error = attempt(register, plugin_manager(), name, kind)
    if error is not None:
        _, of_object = attempt(lambda: register(plugin_manager(), name, object.__new__(kind)))
        error = of_object and error
    return None if error is None else _problem(error)


def _marked(kind: type) -> tuple[str, ...]:
    manager = plugin_manager()
    options = {name: manager.parse_hookimpl_opts(kind, name) for name in dir(kind)}
    marked = {found.get("specname") or name for name, found in options.items() if found is not None}
    return tuple(name for name in vars(hookspecs) if name in marked)


def _problem(error: Exception) -> Problem:
    details = error.details if isinstance(error, ConfigurationError) else ()
    found = [each for each in details if isinstance(each, Problem)]
    return found[0] if found else Problem(says=describe(error))
