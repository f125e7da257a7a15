"""The configuration: what is set, where it was set, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail import _in_force
from threadtrail._text import assigned, listed
from threadtrail.commands.doctor.chosen import is_found
from threadtrail.commands.doctor.findings import Finding, Level
from threadtrail.config.file import NO_FILE
from threadtrail.config.problems import Problems
from threadtrail.config.settings import Reading, Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

AREA = "configuration"
BY_PROGRAM = "set by the program"
OPTION = "--exporter"


def in_force() -> Reading | None:
    """Return the configuration that the program passed to ``instrument()``; None if it did not call it."""
    settings = _in_force.settings_in_force()
    if settings is None:
        return None
    changed = [name for name in Settings.model_fields if getattr(settings, name) != getattr(Settings(), name)]
    file = _in_force.file_in_force() or NO_FILE
    return Reading(settings, dict.fromkeys(changed, BY_PROGRAM), Problems(), file)


def configured(exporters: Sequence[str]) -> Reading:
    """Return what ``instrument()`` would read here; with these exporters, if the command line names any."""
    return read_settings({"exporters": list(exporters) or None}, origin=OPTION)


def configuration(reading: Reading) -> Iterator[Finding]:
    """Yield what is set and where, and what is wrong."""
    settings = reading.settings
    yield Finding(Level.SETTING, AREA, f"configuration file: {reading.file}")
    for problem in reading.problems:
        yield Finding(Level.PROBLEM, AREA, problem.message, problem.advice, refused=True)
    if settings.disabled:
        yield Finding(
            Level.WARNING,
            AREA,
            f"threadtrail is switched off ({reading.origins['disabled']}): instrument() does nothing.",
            "To record runs, remove that setting.",
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
        nowhere = "No exporter is chosen, so runs are sent nowhere."
        advice = "Choose an exporter, or leave the setting exporters out for the console."
        yield Finding(Level.WARNING, AREA, nowhere, advice)


def _shown(name: str, value: object) -> str:
    function = getattr(value, "__qualname__", None)
    return assigned(name, value) if function is None else f"{name} = {function}"
