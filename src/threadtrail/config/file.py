"""Which configuration file applies, and what it says."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_settings import (
    BaseSettings,
    PyprojectTomlConfigSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from threadtrail.errors import ConfigurationError

VARIABLE = "THREADTRAIL_CONFIG"
OWN_FILE = "threadtrail.toml"
PYPROJECT = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A configuration file that was read: its path, for messages, and what it says."""

    path: Path
    table: dict[str, Any]


class _Shape(BaseSettings):
    """Tells the sources where to look; keys are checked later, together with those from elsewhere."""

    model_config = SettingsConfigDict(
        case_sensitive=True, extra="allow", pyproject_toml_table_header=("tool", "threadtrail")
    )


def read_config_file(named: str | None) -> ConfigFile | None:
    """Read the file called ``named`` (what THREADTRAIL_CONFIG says), or else the one that is found.

    Found is ``threadtrail.toml`` in the current directory, or else the nearest ``pyproject.toml`` in it
    or above it; the latter may say nothing of threadtrail. ``None``: there is no file at all.

    Raises:
        ConfigurationError: the file is missing, unreadable or no valid TOML.
    """
    if named is None:
        path = _found()
        return None if path is None else ConfigFile(path, _read(path))
    path = Path(named).expanduser()
    if not path.is_file():
        raise ConfigurationError(
            f"{VARIABLE} = {named!r} names no file (looked for {path.absolute()}). "
            f"Give the path of a TOML file, or unset {VARIABLE}."
        )
    table = _read(path)
    if path.name == PYPROJECT and not table:
        raise ConfigurationError(
            f"{VARIABLE} = {named!r} has no settings: add a table [tool.threadtrail], or unset {VARIABLE}."
        )
    return ConfigFile(path, table)


def _found() -> Path | None:
    try:
        here = Path.cwd()
    except FileNotFoundError:  # the current directory was deleted: then there is no file in it either
        return None
    pyprojects = (directory / PYPROJECT for directory in (here, *here.parents))
    return next((path for path in (here / OWN_FILE, *pyprojects) if os.path.isfile(path)), None)  # noqa: PTH113 - unlike Path.is_file, never raises


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.name == PYPROJECT:
            table = PyprojectTomlConfigSettingsSource(_Shape, path).toml_data
        else:
            table = TomlConfigSettingsSource(_Shape, path).toml_data
        return dict(table)
    except OSError as error:
        raise ConfigurationError(
            f"the configuration file {path} cannot be read: {error.strerror or error}. "
            f"Make it readable, or name another one by {VARIABLE}."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the configuration file {path} is no valid TOML: {error}.") from error
    except (AttributeError, TypeError, ValueError) as error:  # what is met where a table is expected
        problem = f"the configuration file {path}: tool.threadtrail must be a table."
        raise ConfigurationError(problem) from error
