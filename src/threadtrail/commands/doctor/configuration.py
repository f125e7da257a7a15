"""The configuration: what is set, where it stands, and what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from threadtrail import _api
from threadtrail._text import assigned, listed
from threadtrail.commands.doctor.chosen import is_found
from threadtrail.commands.doctor.findings import Finding, Level
from threadtrail.config.layers import KEYWORD
from threadtrail.config.settings import Reading, Settings, read_settings
from threadtrail.errors import Problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

AREA = "configuration"
BY_PROGRAM = "as the program has it"
OPTION = "--exporter"


def in_force() -> Reading | None:
    """The configuration that the program has switched threadtrail on with; None if it has not."""
    settings = _api.settings_in_force()
    if settings is None:
        return None
    changed = [name for name in Settings.model_fields if getattr(settings, name) != getattr(Settings(), name)]
    return Reading(settings, dict.fromkeys(changed, BY_PROGRAM), Problems())


def configured(exporters: Sequence[str]) -> Reading:
    """What ``instrument()`` would find here; with these exporters, if the command line names any."""
    reading = read_settings(exporters=list(exporters) or None)
    if not exporters:
        return reading
    chosen = tuple(replace(choice, origin=OPTION) for choice in reading.settings.exporters)
    problems = Problems()
    problems.add(*(problem.replace(f"({KEYWORD})", f"({OPTION})") for problem in reading.problems.texts))
    return Reading(reading.settings.model_copy(update={"exporters": chosen}), reading.origins, problems)


def configuration(reading: Reading) -> Iterator[Finding]:
    """Tell what is set and where it stands, and what is wrong."""
    settings = reading.settings
    for problem in reading.problems.texts:
        yield Finding(Level.PROBLEM, AREA, problem, refused=True)
    if settings.disabled:
        yield Finding(
            Level.WARNING,
            AREA,
            f"threadtrail is switched off ({reading.origins['disabled']}): instrument() does nothing.",
            "Without that, runs are recorded.",
        )
        return
    yield from _exporters(reading)
    for name, origin in reading.origins.items():
        if name != "exporters":
            yield Finding(Level.SETTING, AREA, f"{_shown(name, getattr(settings, name))} ({origin})")


def _exporters(reading: Reading) -> Iterator[Finding]:
    chosen = reading.settings.exporters
    found = [choice for choice in chosen if is_found(choice)]
    names = listed(dict.fromkeys(choice.name or type(choice.instance).__name__ for choice in found))
    if chosen == Settings().exporters:
        if not reading.problems:
            yield Finding(Level.OK, AREA, f"No exporter is configured, so runs go to {names}, the default.")
    elif found:
        origins = listed(dict.fromkeys(choice.origin for choice in found))
        yield Finding(Level.OK, AREA, f"Runs go to {names} ({origins}).")
    elif not reading.problems:
        nowhere = "No exporter is to be used, so what is recorded goes nowhere."
        yield Finding(Level.WARNING, AREA, nowhere, "Choose one, or leave exporters out for the console.")


def _shown(name: str, value: object) -> str:
    function = getattr(value, "__qualname__", None)
    return assigned(name, value) if function is None else f"{name} = {function}"
