"""Reads the configuration file in force: the named one, or else the one that is found."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from threadtrail._text import escaped
from threadtrail.config.choice import ENVIRONMENT
from threadtrail.config.places import PYPROJECT, search
from threadtrail.config.problems import Problem, error_of
from threadtrail.config.trust import Distrust, distrust

VARIABLE = "THREADTRAIL_CONFIG"


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The configuration file in force: its path and its settings; without a path there is none.

    ``distrust`` is why it may not set everything; a named file is always trusted. ``note`` is why
    no file was searched for.
    """

    path: Path | None = None
    table: dict[str, Any] = field(default_factory=dict, repr=False)
    named: bool = False
    distrust: Distrust | None = None
    note: str = ""

    def __str__(self) -> str:
        if self.path is None:
            return f"none ({self.note})" if self.note else "none"
        notes = [f"named by {VARIABLE}"] if self.named else []
        if self.distrust is not None:
            notes.append(f"not trusted, since {self.distrust.because}")
        return escaped(" ".join([str(self.path), *(f"({note})" for note in notes)]))


NO_FILE = ConfigFile()


def read_config_file(named: str | None) -> ConfigFile:
    """Read the file that THREADTRAIL_CONFIG names (``named``), or else the one that is found.

    That is ``threadtrail.toml`` in the current folder, or else ``threadtrail.toml`` or ``pyproject.toml`` in
    the project's root. A found ``pyproject.toml`` may have no settings of threadtrail.

    Raises:
        ConfigurationError: the file is missing, unreadable or not valid TOML.
    """
    if named is not None:
        return _named(named)
    found = search()
    if found.path is None:
        return ConfigFile(note=found.note)
    table, untrusted = _read(found.path)
    if not table and found.path.name == PYPROJECT:
        return NO_FILE
    return ConfigFile(found.path, table, distrust=untrusted)


def _named(name: str) -> ConfigFile:
    path = Path(os.path.expanduser(name))  # noqa: PTH111 - unlike Path.expanduser, never raises
    if not os.path.isfile(path):  # noqa: PTH113 - the same
        raise error_of(
            Problem(
                VARIABLE,
                name,
                ENVIRONMENT,
                says=f"there is no such file (looked for {path.absolute()}).",
                advice=f"Give the path of a TOML file, or unset {VARIABLE}.",
            )
        )
    table, _ = _read(path)
    if path.name == PYPROJECT and not table:
        raise error_of(
            Problem(
                VARIABLE,
                name,
                ENVIRONMENT,
                says="the file has no settings.",
                advice=f"Add a table [tool.threadtrail], or unset {VARIABLE}.",
            )
        )
    return ConfigFile(path, table, named=True)


def _read(path: Path) -> tuple[dict[str, Any], Distrust | None]:
    """Return the settings in the file, and why it is not trusted, both of the same opened file."""
    try:
        with path.open("rb") as file:
            untrusted = distrust(path.absolute(), os.fstat(file.fileno()))
            table = tomllib.load(file)
    except OSError as error:
        cannot = f"it cannot be read: {error.strerror or error}."
        raise error_of(_of_file(path, cannot, f"Make it readable, or name another by {VARIABLE}.")) from error
    except ValueError as error:  # not TOML, or not UTF-8
        raise error_of(_of_file(path, f"it is not valid TOML: {error}.")) from error
    if path.name != PYPROJECT:
        return table, untrusted
    tool = table.get("tool", {})
    settings = tool.get("threadtrail", {}) if isinstance(tool, dict) else None
    if not isinstance(settings, dict):
        raise error_of(_of_file(path, "tool.threadtrail must be a table."))
    return settings, untrusted


def _of_file(path: Path, says: str, advice: str = "") -> Problem:
    return Problem(f"configuration file {path}", says=says, advice=advice)
