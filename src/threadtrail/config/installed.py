"""Finds the installed exporters in the metadata of entry points, without importing them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from threadtrail import _install
from threadtrail._text import closest, did_you_mean, listed, sentences
from threadtrail.config.problems import Problem, error_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from importlib.metadata import EntryPoint

GROUP = "threadtrail.exporters"

OWN = {
    "console": "threadtrail.exporters.console:ConsoleExporter",
    "jsonl": "threadtrail.exporters.jsonl:JsonlExporter",
    "agentops": "threadtrail_agentops:AgentOpsExporter",
    "langfuse": "threadtrail_langfuse:LangfuseExporter",
    "opentelemetry": "threadtrail_opentelemetry:OpenTelemetryExporter",
    "redis": "threadtrail_redis:RedisExporter",
}
"""The modules of this project's exporters, as in their entry points."""

PLUGINS = ("agentops", "langfuse", "opentelemetry", "redis")
"""This project's exporters in packages of their own, each an extra of the same name."""

OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "opentelemetry": ("otel", "otlp", "opentelemetryotlp", "otelcollector"),
    "console": ("stdout", "stderr", "terminal", "print", "rich"),
    "jsonl": ("json", "ndjson", "jsonlines", "file"),
    "redis": ("valkey",),
}
"""Other names of exporters, in small letters and digits alone."""

_BROKEN_METADATA = (AttributeError, KeyError, OSError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class AvailableExporter:
    """An installed exporter: its name, its distribution, and the module to import."""

    name: str
    distribution: str
    version: str
    module: str


def available() -> list[AvailableExporter]:
    """Return the installed exporters by name, without importing any of them.

    A name appears twice if two distributions provide it; choosing it is then an error.
    """
    found = [describe(entry) for entry in entry_points()]
    return sorted(found, key=lambda exporter: (exporter.name, exporter.distribution))


def find(name: str, origin: str) -> EntryPoint:
    """Return the entry point of the exporter called ``name``, chosen at ``origin``.

    Raises:
        ConfigurationError: no such exporter is installed, or two distributions provide it.
    """
    by_name: defaultdict[str, list[EntryPoint]] = defaultdict(list)
    for entry in entry_points():
        by_name[entry.name].append(entry)
    claims = by_name.get(name, [])
    if not claims:
        raise error_of(_unknown(name, origin, sorted(by_name)))
    if len(claims) > 1:
        owners = sorted(f"{claim.distribution} {claim.version}" for claim in map(describe, claims))
        raise error_of(
            Problem(
                "exporters",
                name,
                origin,
                says=f"{len(claims)} installed distributions provide it: {' and '.join(owners)}.",
                advice="Uninstall all but one: pip uninstall DISTRIBUTION.",
            )
        )
    return claims[0]


def describe(entry: EntryPoint) -> AvailableExporter:
    """Return the exporter of an entry point; ``unknown`` replaces what broken metadata lacks."""
    distribution = version = None
    try:
        if entry.dist is not None:
            distribution, version = entry.dist.name, entry.dist.version
    except _BROKEN_METADATA:
        pass
    return AvailableExporter(entry.name, distribution or "unknown", version or "unknown", entry.value)


def entry_points() -> list[EntryPoint]:
    """Return the entry points of the group; of a distribution found twice, the first on ``sys.path``."""
    try:
        found = list(importlib.metadata.entry_points(group=GROUP))
    except _BROKEN_METADATA:  # one unreadable distribution must not hide the others
        found = list(_readable_entry_points())
    return [*found, *_without_metadata({entry.name for entry in found})]


def _without_metadata(found: Collection[str]) -> Iterator[EntryPoint]:
    """Yield the project's own exporters if not even the built-in ones were found.

    Then a tool that freezes or slims applications has left out the metadata.
    """
    if "console" in found:
        return
    for name, place in OWN.items():
        if name not in found and importlib.util.find_spec(place.partition(":")[0].partition(".")[0]):
            yield importlib.metadata.EntryPoint(name, place, GROUP)


def meant(name: str, known: Collection[str]) -> str | None:
    """Return the ``known`` exporter that was probably meant: one with this other name, or a similar name."""
    plain = "".join(filter(str.isalnum, name.lower()))
    for exporter in known:
        if plain in OTHER_NAMES.get(exporter, ()):
            return exporter
    return closest(name, known)


def install_command(name: str) -> str:
    """Return the command that installs one of the project's own plugins."""
    return _install.plugin_command(name)


def remedy(owner: AvailableExporter) -> str:
    """Return what to do about an exporter that cannot be imported."""
    if owner.name in PLUGINS:
        return f"Install what it needs: {install_command(owner.name)}"
    return f"Reinstall it: pip install --force-reinstall {owner.distribution}"


def _readable_entry_points() -> Iterator[EntryPoint]:
    seen = set()
    for distribution in importlib.metadata.distributions():
        try:
            name, entries = distribution.name, distribution.entry_points
        except _BROKEN_METADATA:
            continue
        if name not in seen:
            seen.add(name)
            yield from entries.select(group=GROUP)


def _unknown(name: str, origin: str, installed: list[str]) -> Problem:
    match = meant(name, {*installed, *PLUGINS})
    wanted = name if name in PLUGINS else match
    install = (
        f"Install it: {install_command(wanted)}." if wanted in PLUGINS and wanted not in installed else ""
    )
    others = [plugin for plugin in PLUGINS if plugin not in installed]
    if wanted is None and others:
        install = f"Available to install: {listed(others)} ({install_command('NAME')})."
    several = name.split()
    separate = f"Separate names by commas: {','.join(several)}." if len(several) > 1 else ""
    own = f"One of your own needs an entry point in the group {GROUP!r}." if wanted is None else ""
    return Problem(
        "exporters",
        name,
        origin,
        says="it is not installed." if wanted == name else "there is no such exporter.",
        advice=sentences(
            separate or did_you_mean(match if match != name else None),
            install,
            f"Installed: {listed(installed)}.",
            own,
        ),
    )
