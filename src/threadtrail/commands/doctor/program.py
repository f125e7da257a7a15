"""Imports the program, so that the doctor sees what it sets up: clients, tracing, other tools."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from threadtrail._guard import attempt, describe
from threadtrail._in_force import InForce
from threadtrail.commands.doctor.configuration import configured, in_force
from threadtrail.commands.doctor.findings import Finding, Level
from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

AREA = "program"


def imported(name: str) -> Iterator[Finding]:
    """Import the module or file of that name as Python would; yield the result, and whether it instruments.

    A file is not run as ``__main__``, so the code below ``if __name__ == "__main__":`` is skipped.
    """
    former = InForce.runtime
    _, error = attempt(_import_file if name.endswith(".py") else _import_module, name)
    if error is None:
        yield Finding(Level.OK, AREA, f"{name} is imported.")
        if InForce.runtime is former and in_force() is None:
            yield from _not_instrumented(name)
    elif isinstance(error, ConfigurationError):
        for problem in error.problems:
            yield Finding(Level.PROBLEM, AREA, f"{name} cannot be imported: {problem}", refused=True)
    else:
        yield Finding(
            Level.PROBLEM,
            AREA,
            f"{name} cannot be imported: {describe(error)}.",
            "Correct that first. The findings below do not include what the program sets up.",
        )


def _not_instrumented(name: str) -> Iterator[Finding]:
    if configured(()).settings.disabled:
        return  # a finding of its own: whether the program called it cannot be seen
    yield Finding(
        Level.NOTE,
        AREA,
        f"{name} did not call threadtrail.instrument() while it was imported.",
        "Nothing is recorded until your program calls it. A call in a function, or below "
        'if __name__ == "__main__", is not seen here.',
    )


def _import_module(name: str) -> None:
    # As `python -m` does; a console script has its own folder there instead.
    sys.path.insert(0, str(Path.cwd()))
    importlib.import_module(name)


def _import_file(name: str) -> None:
    path = Path(name).absolute()
    sys.path.insert(0, str(path.parent))
    specification = importlib.util.spec_from_file_location(path.stem, path)
    if specification is None or specification.loader is None:
        raise ImportError(f"{name} is not a Python file")
    module = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = module
    specification.loader.exec_module(module)
