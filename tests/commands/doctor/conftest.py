"""What the tests of the doctor share: an empty folder, a program in it, and the report that is made there."""

from __future__ import annotations

import importlib
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

import threadtrail
from doctors_visit import Visit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fake_distributions import Installer


@pytest.fixture(autouse=True)
def everywhere(here: Path) -> None:
    """All of these tests begin in an empty folder."""


@pytest.fixture
def visit(here: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Visit]:
    """Have the doctor look, in this process; what programs leave behind in it is cleared away."""
    path, modules = list(sys.path), set(sys.modules)
    yield Visit(here, capsys)
    threadtrail.uninstrument()
    sys.path[:] = path
    for name in sys.modules.keys() - modules:
        if getattr(sys.modules[name], "__file__", None) and str(here) in str(sys.modules[name].__file__):
            del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture
def exporter(install: Installer) -> Iterator[None]:
    """Installs ``acme``, an exporter whose check does what the option ``answer`` says."""
    install("acme", {"acme": "acme_exporter:Exporter"}, acme_exporter=textwrap.dedent(ACME))
    yield
    sys.modules.pop("acme_exporter", None)


ACME = """
    import logging, sys, threading
    from threadtrail import CheckError, ConfigurationError, hookimpl

    calls = []
    released = threading.Event()

    class Exporter:
        def __init__(
            self, answer: str = "fine", url: str = "", api_key: str = "", headers: dict | None = None
        ):
            self.answer, self.secrets = answer, [api_key, *(headers or {}).values()]
            if answer == "unbuildable":
                raise ConfigurationError("answer='unbuildable': choose another")

        @hookimpl
        def start(self, settings):
            calls.append("start")
            print("starting")
            logging.getLogger("threadtrail.acme").info("acme says so")
            if self.answer == "talkative":
                logging.getLogger("threadtrail").warning("acme warns of rain")
            if self.answer == "refuse":
                raise ConfigurationError("there is no key. Set ACME_KEY.")
            if self.answer == "crash":
                raise RuntimeError("boom at start")
            return "ACME_DISABLED is true" if self.answer == "off" else None

        @hookimpl
        def export(self, events): ...

        @hookimpl
        def check(self, timeout):
            calls.append(("check", timeout))
            match self.answer:
                case "fine": return "Acme answers."
                case "nobody": return None
                case "refused": raise CheckError("Acme does not take the key.", "Get another one.")
                case "telling":
                    raise CheckError(f"Refused: {' '.join(self.secrets)}", f"Not {self.secrets[0]}.")
                case "raise": raise ValueError("what is this")
                case "exit": sys.exit(3)
                case "hang": released.wait(30)

        @hookimpl
        def shutdown(self, timeout):
            calls.append("shutdown")
"""
