"""Plants configuration files where an app may find them, as an attacker would, and runs the app."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from exporter_driving import whole_run
from threadtrail import cli

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from openai import OpenAI

OTHER_USER = 54_321
SECRET = "secret-of-the-environment"

CREDENTIALS = {
    "LANGFUSE_PUBLIC_KEY": "pk-lf-mine",
    "LANGFUSE_SECRET_KEY": f"sk-lf-{SECRET}",
    "AGENTOPS_API_KEY": SECRET,
    "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{SECRET}",
    "OPENAI_API_KEY": f"sk-{SECRET}",
    "ACME_KEY": SECRET,
}
"""Of every exporter, in the environment of the app."""


# --- where it is planted -------------------------------------------------------------------------


def _other_owner(base: Path, write: Callable[[Path], Path]) -> Path:
    (base / "app" / ".git").mkdir(parents=True)
    os.chown(write(base / "app"), OTHER_USER, OTHER_USER)
    return base / "app"


def _writable_by_all(base: Path, write: Callable[[Path], Path]) -> Path:
    (base / "app" / ".git").mkdir(parents=True)
    write(base / "app").chmod(0o666)
    return base / "app"


def _in_a_folder_of_all(base: Path, write: Callable[[Path], Path]) -> Path:
    folder = base / "drop" / "app"
    folder.mkdir(parents=True)
    (base / "drop").chmod(0o777)
    write(folder)
    return folder


def _above_the_root(base: Path, write: Callable[[Path], Path]) -> Path:
    (base / "app" / ".git").mkdir(parents=True)
    (base / "app" / "src").mkdir()
    write(base)
    return base / "app" / "src"


def _above_the_home(base: Path, write: Callable[[Path], Path]) -> Path:
    (base / "home" / "app").mkdir(parents=True)
    write(base)
    return base / "home" / "app"


def _beside_the_script(base: Path, write: Callable[[Path], Path]) -> Path:
    (base / "scripts").mkdir()
    (base / "work").mkdir()
    write(base / "scripts")
    return base / "work"


def _in_the_home_of_another(base: Path, write: Callable[[Path], Path]) -> Path:
    other = base / "homes" / "ada"
    (other / "app").mkdir(parents=True)
    file = write(other / "app")
    for path in (other, other / "app", file):
        os.chown(path, OTHER_USER, OTHER_USER)
    return other / "app"


PLACES: dict[str, Callable[[Path, Callable[[Path], Path]], Path]] = {
    "of another owner": _other_owner,
    "writable by all": _writable_by_all,
    "in a folder of all": _in_a_folder_of_all,
    "above the root": _above_the_root,
    "above the home": _above_the_home,
    "beside the script": _beside_the_script,
    "in the home of another": _in_the_home_of_another,
}
NEED_ROOT = {"of another owner", "in the home of another"}


FORMS = ("threadtrail.toml", "pyproject.toml")


def _plants() -> list[Any]:
    is_root = sys.platform != "win32" and os.geteuid() == 0
    may_not = pytest.mark.skipif(not is_root, reason="only root can give files away")
    return [
        pytest.param((place, form), id=f"{form} {place}", marks=[may_not] if place in NEED_ROOT else [])
        for place in PLACES
        for form in FORMS
    ]


every_plant = pytest.mark.parametrize("plant", _plants())
every_place = pytest.mark.parametrize("plant", [*_plants()[::4], *_plants()[3::4]])
"""Each place once, in turn with one form and the other."""


# --- what the app does ---------------------------------------------------------------------------


class Attack:
    """An app that uses one exporter, in an environment that holds every credential.

    Args:
        base: an empty folder.
        exporter: the name of the exporter.
        options: what the file sets for it.
    """

    def __init__(
        self, base: Path, monkeypatch: pytest.MonkeyPatch, exporter: str, options: Mapping[str, str]
    ) -> None:
        self._base = base
        self._monkeypatch = monkeypatch
        self._exporter = exporter
        self._options = options
        for name, value in CREDENTIALS.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("HOME", str(base / "home"))
        monkeypatch.setattr(sys, "argv", [str(base / "scripts" / "run.py")])

    def plant(self, place: str, form: str = FORMS[0]) -> None:
        """Put the file there, and go to where the app runs."""
        self._monkeypatch.chdir(PLACES[place](self._base, lambda folder: self._write(folder, form)))

    def put_a_trusted_file(self, form: str = FORMS[0]) -> None:
        """Put the same file where it is trusted, so that its settings count."""
        (self._base / "own" / ".git").mkdir(parents=True)
        self._write(self._base / "own", form)
        self._monkeypatch.chdir(self._base / "own")

    def _write(self, folder: Path, form: str) -> Path:
        prefix = "tool.threadtrail." if form == "pyproject.toml" else ""
        lines = [f"{name} = {json.dumps(value)}" for name, value in self._options.items()]
        path = folder / form
        path.write_text("\n".join([f"[{prefix}exporters.{self._exporter}]", *lines]) + "\n")
        return path

    def run(self, how: str, client: OpenAI) -> None:
        """Have the app do its work, whether or not it could be instrumented."""
        WAYS[how](self, client)
        threadtrail.uninstrument()

    def app(self, client: OpenAI, **keywords: Any) -> None:
        """Instrument, and have a conversation."""
        with suppress(threadtrail.ConfigurationError):
            threadtrail.instrument(settle_seconds=0.0, **keywords)
        whole_run(client)
        threadtrail.flush(60)

    def doctor(self, *arguments: str) -> None:
        """Run the doctor."""
        cli.main(["doctor", "--timeout", "5", *arguments])

    def in_environment(self, client: OpenAI) -> None:
        """Choose the exporter by variable."""
        self._monkeypatch.setenv("THREADTRAIL_EXPORTERS", self._exporter)
        self.app(client)

    @property
    def exporter(self) -> str:
        """The name of the exporter."""
        return self._exporter


WAYS: dict[str, Callable[[Attack, OpenAI], None]] = {
    "the file chooses": lambda attack, client: attack.app(client),
    "the code chooses": lambda attack, client: attack.app(client, exporters=[attack.exporter]),
    "the environment chooses": lambda attack, client: attack.in_environment(client),
    "doctor": lambda attack, _client: attack.doctor(),
    "doctor of the exporter": lambda attack, _client: attack.doctor("--exporter", attack.exporter),
}
every_way = pytest.mark.parametrize("how", WAYS)
