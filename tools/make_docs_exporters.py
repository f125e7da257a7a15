"""Makes the tables of the exporters' options from the constructors of the exporters and their docstrings."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
import tomllib
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from threadtrail.config import installed

ROOT = Path(__file__).parent.parent
GROUP = installed.GROUP

FROM_TEXT = (str, bool, int, float, dict, list, tuple)


def names() -> list[str]:
    """Return the names of this project's exporters, each of which has a page."""
    return [*_entry_points(ROOT), *installed.PLUGINS]


def table(name: str) -> str:
    """Return a table with a row for each option of the exporter."""
    factory = exporter(name)
    meanings = arguments(inspect.getdoc(factory) or "")
    kinds = get_type_hints(factory.__init__)
    rows = ["| Option | Default | Meaning |", "|---|---|---|"]
    for option, parameter in inspect.signature(factory).parameters.items():
        variable = f"`THREADTRAIL_{name.upper()}_{option.upper()}`"
        where = variable if is_text(kinds[option]) else "<small>keyword only</small>"
        meaning = meanings[option]
        rows.append(
            f"| `{option}`<br>{where} | {default(parameter.default)} | {meaning[0].upper()}{meaning[1:]} |"
        )
    return "\n".join(rows)


def default(value: object) -> str:
    """Return a default as it is written in a configuration file."""
    if value is None:
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def exporter(name: str) -> Any:
    """Return the exporter's class or function, from this tree whether or not its package is installed."""
    folder = ROOT / "plugins" / f"threadtrail-{name}"
    owner = folder if name in installed.PLUGINS else ROOT
    source = str(owner / "src")
    if source not in sys.path:
        sys.path.append(source)
    module, _, attribute = _entry_points(owner)[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def arguments(docstring: str) -> dict[str, str]:
    """Return the description of each argument in a docstring, on one line."""
    section = re.search(r"^Args:\n(.*?)(?:^\S|\Z)", docstring, re.DOTALL | re.MULTILINE)
    if section is None:
        raise ValueError(f"this docstring tells of no arguments: {docstring[:60]!r}")
    entries = re.findall(r"^ {4}(\w+): (.*?)(?=^ {4}\S|\Z)", section[1], re.DOTALL | re.MULTILINE)
    return {name: " ".join(text.replace("``", "`").split()) for name, text in entries}


def is_text(kind: Any) -> bool:
    """Return whether a variable can hold such a value: text, or something that text can be converted to."""
    members = get_args(kind) if get_origin(kind) in {Union, UnionType} else (kind,)
    return any(map(_from_text, members))


def _from_text(kind: Any) -> bool:
    plain = get_origin(kind) or kind
    return plain is Literal or (
        isinstance(plain, type) and any(issubclass(each, plain) for each in FROM_TEXT)
    )


def _entry_points(folder: Path) -> dict[str, str]:
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found: dict[str, str] = project["entry-points"][GROUP]
    return found
