"""Runs ``threadtrail doctor``, in this process or in one of its own, and finds things in its report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from fork_server import fork_server
from threadtrail import CheckError, cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


NO_FILE = ("setting", "configuration file: none")
CONSOLE = [
    ("setting", "stream = 'auto', color = 'auto', content_length = 300, costs = True (default)"),
    ("ok", "Runs are printed to standard error."),
]
"""What is found of an exporter that nobody has configured."""

COMMAND_LINE = "import runpy; runpy.run_module('threadtrail', run_name='__main__', alter_sys=True)"
"""A program that does as `python -m threadtrail` does."""


@dataclass(frozen=True)
class Found:
    """A report, as its JSON has it."""

    code: int
    findings: list[dict[str, Any]]
    stderr: str

    def of(self, area: str) -> list[tuple[str, str]]:
        """Level and message of each finding of this area."""
        return [(each["level"], each["message"]) for each in self.findings if each["area"] == area]

    def only(self, level: str) -> dict[str, Any]:
        """The one finding of this level."""
        (found,) = [each for each in self.findings if each["level"] == level]
        return found

    def messages(self, level: str) -> list[str]:
        """The messages of all findings of this level."""
        return [each["message"] for each in self.findings if each["level"] == level]

    @property
    def worst(self) -> list[dict[str, Any]]:
        """All problems and warnings."""
        return [each for each in self.findings if each["level"] in {"problem", "warning"}]


class Visit:
    """Looks from the folder ``here``."""

    def __init__(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.here = here
        self._capsys = capsys

    def program(self, source: str, name: str = "visited_app") -> str:
        """Write a program into the folder, and return its module's name."""
        (self.here / f"{name}.py").write_text(textwrap.dedent(source))
        return name

    def __call__(self, *arguments: str) -> Found:
        code = cli.main(["doctor", "--json", *arguments])
        printed = self._capsys.readouterr()
        report = json.loads(printed.out)
        assert report["exit_code"] == code
        return Found(code, report["findings"], printed.err)


def check_error(check: Callable[..., object], *arguments: Any, **options: Any) -> CheckError:
    """Return the error that a check raises; it must raise one."""
    with pytest.raises(CheckError) as caught:
        check(*arguments, **options)
    return caught.value


def doctor(folder: Path, *arguments: str, before: str = "", **variables: str) -> Found:
    """Run the command in a process of its own, as users do, and return what it found.

    A backend may take long to answer, unless the arguments say how long. What is to be run ``before`` the
    command makes the SDK another one.
    """
    given = ["-m", "threadtrail", "doctor", "--json", "--timeout", "200", *arguments]
    if before:
        given = ["-c", f"{before}\n{COMMAND_LINE}", *given[2:]]
    environment = {**os.environ, **variables}
    if "PYTHONPATH" in variables:  # other packages than those of the tests
        done = subprocess.run(
            [sys.executable, *given],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
    else:
        done = fork_server().run(given, cwd=folder, env=environment, timeout=240)
    assert "Traceback" not in done.stderr, done.stderr
    report = json.loads(done.stdout)
    assert report["exit_code"] == done.returncode
    return Found(done.returncode, report["findings"], done.stderr)
