"""Finds the configuration file that applies, and reads it."""

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

from threadtrail.config.choice import ENVIRONMENT
from threadtrail.config.problems import Problem, error_of

VARIABLE = "THREADTRAIL_CONFIG"
OWN_FILE = "threadtrail.toml"
PYPROJECT = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A configuration file that was read: its path, for messages, and its settings."""

    path: Path
    table: dict[str, Any]


class _Shape(BaseSettings):
    """Configures where the sources look; keys are checked later, together with those from elsewhere."""

    model_config = SettingsConfigDict(
        case_sensitive=True, extra="allow", pyproject_toml_table_header=("tool", "threadtrail")
    )


def read_config_file(named: str | None) -> ConfigFile | None:
    """Read the file that THREADTRAIL_CONFIG names (``named``), or else the one that is found.

    That is ``threadtrail.toml`` in the current directory, or else the nearest ``pyproject.toml`` in it or
    above it, which may have no settings of threadtrail. Returns None if there is no file at all.

    Raises:
        ConfigurationError: the file is missing, unreadable or not valid TOML.
    """
    if named is None:
        path = _found()
        return None if path is None else ConfigFile(path, _read(path))
    path = Path(named).expanduser()
    if not path.is_file():
        raise error_of(
            Problem(
                VARIABLE,
                named,
                ENVIRONMENT,
                says=f"there is no such file (looked for {path.absolute()}).",
                advice=f"Give the path of a TOML file, or unset {VARIABLE}.",
            )
        )
    table = _read(path)
    if path.name == PYPROJECT and not table:
        raise error_of(
            Problem(
                VARIABLE,
                named,
                ENVIRONMENT,
                says="the file has no settings.",
                advice=f"Add a table [tool.threadtrail], or unset {VARIABLE}.",
            )
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
        cannot = f"it cannot be read: {error.strerror or error}."
        raise error_of(_of_file(path, cannot, f"Make it readable, or name another by {VARIABLE}.")) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise error_of(_of_file(path, f"it is not valid TOML: {error}.")) from error
    except (AttributeError, TypeError, ValueError) as error:  # something else where a table is expected
        raise error_of(_of_file(path, "tool.threadtrail must be a table.")) from error


def _of_file(path: Path, says: str, advice: str = "") -> Problem:
    return Problem(f"configuration file {path}", says=says, advice=advice)
