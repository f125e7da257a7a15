"""Which exporters are installed: read from entry-point metadata, nothing is imported."""

from __future__ import annotations

import importlib.metadata
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from threadtrail._text import closest, did_you_mean, listed
from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import EntryPoint

GROUP = "threadtrail.exporters"

PLUGINS = ("agentops", "langfuse", "opentelemetry")
"""Exporters of this project that are installed on request, as an extra of the same name."""

_BROKEN_METADATA = (AttributeError, KeyError, OSError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class AvailableExporter:
    """An installed exporter: its name, who brings it, and where it would be imported from."""

    name: str
    distribution: str
    version: str
    module: str


def available() -> list[AvailableExporter]:
    """Return the installed exporters by name, without importing any of them.

    A name stands twice if two distributions claim it; choosing it is then an error.
    """
    found = [describe(entry) for entry in entry_points()]
    return sorted(found, key=lambda exporter: (exporter.name, exporter.distribution))


def find(name: str, origin: str) -> EntryPoint:
    """Return the entry point of the exporter called ``name``; ``origin`` says where it was chosen.

    Raises:
        ConfigurationError: nothing of that name is installed, or two distributions claim it.
    """
    by_name: defaultdict[str, list[EntryPoint]] = defaultdict(list)
    for entry in entry_points():
        by_name[entry.name].append(entry)
    claims = by_name.get(name, [])
    if not claims:
        raise ConfigurationError(_unknown(name, origin, sorted(by_name)))
    if len(claims) > 1:
        owners = " and ".join(
            sorted(f"{claim.distribution} {claim.version}" for claim in map(describe, claims))
        )
        raise ConfigurationError(
            f"exporters: {name!r} ({origin}) is claimed by {len(claims)} installed distributions: {owners}. "
            "Uninstall all but one: pip uninstall DISTRIBUTION."
        )
    return claims[0]


def describe(entry: EntryPoint) -> AvailableExporter:
    """Say who brings an entry point; ``unknown`` stands for what broken metadata does not tell."""
    distribution = version = None
    try:
        if entry.dist is not None:
            distribution, version = entry.dist.name, entry.dist.version
    except _BROKEN_METADATA:
        pass
    return AvailableExporter(entry.name, distribution or "unknown", version or "unknown", entry.value)


def entry_points() -> list[EntryPoint]:
    """Return the entry points of the group, each distribution once, the first on ``sys.path`` wins."""
    try:
        return list(importlib.metadata.entry_points(group=GROUP))
    except _BROKEN_METADATA:  # one unreadable distribution, whatever it is, must not hide the others
        return list(_readable_entry_points())


def install_command(name: str) -> str:
    """Return the command that installs one of the project's own plugins."""
    return f"pip install 'threadtrail[{name}]'"


def remedy(owner: AvailableExporter) -> str:
    """Say what mends an exporter that cannot be imported."""
    if owner.name in PLUGINS:
        return f"install what it needs: {install_command(owner.name)}"
    return f"reinstall it: pip install --force-reinstall {owner.distribution}"


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


def _unknown(name: str, origin: str, installed: list[str]) -> str:
    match = closest(name, {*installed, *PLUGINS})
    wanted = name if name in PLUGINS else match
    problem = f"exporters: {name!r} ({origin}) is {'not installed' if wanted == name else 'unknown'}."
    problem += did_you_mean(match if match != name else None)
    if wanted in PLUGINS and wanted not in installed:
        problem += f" To install it: {install_command(wanted)}."
    problem += f" Installed: {listed(installed)}."
    if wanted is None:
        missing = [plugin for plugin in PLUGINS if plugin not in installed]
        problem += f" To install one of {listed(missing)}: {install_command('NAME')}." if missing else ""
    return problem
