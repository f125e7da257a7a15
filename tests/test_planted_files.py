"""An attack: a planted file sends credentials and content to a stranger, or writes content somewhere.

The exporters' own suites do the same with each of them.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

import shared_fixtures
from planted_files import FORMS, SECRET, Attack, every_plant, every_way
from threadtrail.testing import HttpReceiver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from openai import OpenAI

    from fake_distributions import Installer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="files have no owners and modes there")

client = shared_fixtures.client_without_retries

ACME = """
    import os
    from urllib.request import Request, urlopen
    from threadtrail import hookimpl

    class Acme:
        '''Sends whatever it gets, with the key of the environment.'''

        def __init__(self, url: str = ""):
            self.url = url

        @hookimpl
        def export(self, events):
            for event in events:
                self.send(event.to_json().encode())

        @hookimpl
        def check(self, timeout):
            self.send(b"")

        def send(self, body):
            if self.url:
                urlopen(Request(self.url, body, {"x-key": os.environ["ACME_KEY"]}), timeout=5).close()
"""


@pytest.fixture
def stranger() -> Iterator[HttpReceiver]:
    with HttpReceiver() as running:
        yield running


@pytest.fixture
def acme(here: Path, install: Installer, monkeypatch: pytest.MonkeyPatch, stranger: HttpReceiver) -> Attack:
    """The file sets the address of an exporter that is not ours."""
    install("acme", {"acme": "acme_sender:Acme"}, acme_sender=ACME.replace("\n    ", "\n"))
    return Attack(here, monkeypatch, "acme", {"url": stranger.url})


@pytest.fixture
def jsonl(here: Path, monkeypatch: pytest.MonkeyPatch) -> Attack:
    """The file sets the path of a file."""
    return Attack(here, monkeypatch, "jsonl", {"path": str(here / "stolen.jsonl")})


@every_plant
@every_way
def test_nothing_is_sent(
    acme: Attack, client: OpenAI, stranger: HttpReceiver, plant: tuple[str, str], how: str
) -> None:
    acme.plant(*plant)
    acme.run(how, client)
    assert stranger.connections == 0


@every_plant
@every_way
def test_nothing_is_written(
    jsonl: Attack, here: Path, client: OpenAI, plant: tuple[str, str], how: str
) -> None:
    jsonl.plant(*plant)
    jsonl.run(how, client)
    assert not (here / "stolen.jsonl").exists()


@pytest.mark.parametrize("place", ["writable by all", "in a folder of all"])
def test_a_file_that_was_made_beforehand_stays_empty(
    here: Path, client: OpenAI, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Whoever plants the file may also make the one that ``jsonl`` writes by default."""
    attack = Attack(here, monkeypatch, "jsonl", {})
    attack.plant(place)
    prepared = here.cwd() / "threadtrail.jsonl"
    prepared.touch(mode=0o666)
    attack.run("the file chooses", client)
    attack.run("doctor", client)
    assert prepared.read_text() == ""


@pytest.mark.parametrize("form", FORMS)
@every_way
def test_a_file_of_ones_own_does_count(
    acme: Attack, client: OpenAI, stranger: HttpReceiver, form: str, how: str
) -> None:
    acme.put_a_trusted_file(form)
    acme.run(how, client)
    assert SECRET.encode() in stranger.wire


def test_so_does_its_path(jsonl: Attack, here: Path, client: OpenAI) -> None:
    jsonl.put_a_trusted_file()
    jsonl.run("the file chooses", client)
    assert "RunEnded" in (here / "stolen.jsonl").read_text()
