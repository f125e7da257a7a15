"""Control characters in a file, a variable or a foreign error never reach a terminal or a log as they are."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING

import pytest

from threadtrail import cli
from threadtrail._guard import describe
from threadtrail.config import registry
from threadtrail.config.settings import load_settings, read_settings
from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from fake_distributions import Installer

pytestmark = pytest.mark.usefixtures("here")

CLEAR_SCREEN, TITLE, C1, BACKWARDS = "\x1b[2J", "\x1b]0;owned\x07", "\x9b31m", "\u202egnp"
NASTY = f"a{CLEAR_SCREEN}{TITLE}{C1}{BACKWARDS}b"
IN_TOML = json.dumps(NASTY)  # TOML has the same escapes

FILES = {
    "a key": f"{IN_TOML} = 1",
    "a key with a line end": '"a\\n  - all is well" = 1',
    "a value": f"queue_size = {IN_TOML}",
    "a key of a table": f"queue_size = {{{IN_TOML} = 1}}",
    "an exporter": f"exporters = [{IN_TOML}]",
    "an exporter with options": f"[exporters.{IN_TOML}]",
    "an option": f"[exporters.console]\n{IN_TOML} = 1",
    "the value of an option": f"[exporters.console]\nwidth = {IN_TOML}",
    "a table that is none": f"exporters = {{{IN_TOML} = 3}}",
    "no TOML": f"{IN_TOML} = = 1",
    "no TOML either": f"{NASTY} = 1",
    "a key twice": f"{IN_TOML} = 1\n{IN_TOML} = 2",
}


def is_clean(text: str, *, lines: bool = True) -> bool:
    kinds = {unicodedata.category(letter) for letter in (text.replace("\n", "") if lines else text)}
    return not kinds & {"Cc", "Cf", "Zl", "Zp"}


def load() -> None:
    registry.load(load_settings())


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_of_a_file(here: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "threadtrail.toml").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load()
    assert is_clean(str(caught.value)), str(caught.value)
    assert len(str(caught.value).split("\n")) == 1
    assert all(is_clean(problem.message, lines=False) for problem in read_settings({}).problems)
    for arguments in (["doctor"], ["doctor", "--json"], ["exporters"], ["exporters", "--json"]):
        cli.main(arguments)
        printed = capsys.readouterr()
        assert is_clean(printed.out), arguments
        assert is_clean(printed.err), arguments


@pytest.mark.parametrize(
    "variable",
    ["THREADTRAIL_QUEUE_SIZE", "THREADTRAIL_EXPORTERS", "THREADTRAIL_CONFIG", "THREADTRAIL_CONSOLE_WIDTH"],
)
def test_of_a_variable(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, NASTY)
    with pytest.raises(ConfigurationError) as caught:
        load()
    assert is_clean(str(caught.value)), str(caught.value)


def test_of_the_name_of_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"THREADTRAIL_QUEUE_{NASTY}", "1")
    with pytest.raises(ConfigurationError) as caught:
        load()
    assert is_clean(str(caught.value)), str(caught.value)


def test_of_the_name_of_a_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = here / f"x{CLEAR_SCREEN}"
    folder.mkdir()
    (folder / "threadtrail.toml").write_text("queue_size = 0")
    monkeypatch.chdir(folder)
    with pytest.raises(ConfigurationError) as caught:
        load()
    assert is_clean(str(caught.value)), str(caught.value)


def test_of_an_authors_error(install: Installer) -> None:
    source = f"""
        from threadtrail import ConfigurationError
        def build():
            raise ConfigurationError({NASTY!r} + "\\nsecond line", option="path", value={NASTY!r})
    """
    install("acme", {"acme": "acme_nasty:build"}, acme_nasty=source.replace("\n        ", "\n"))
    with pytest.raises(ConfigurationError) as caught:
        registry.load(load_settings(exporters=["acme"]))
    assert is_clean(str(caught.value)), str(caught.value)


def test_the_lines_of_an_authors_error_stay() -> None:
    assert str(ConfigurationError(f"one{CLEAR_SCREEN}\n  two")) == "one\\x1b[2J\n  two"


def test_of_an_error_that_is_logged() -> None:
    text = describe(RuntimeError(f"HTTP 500 {NASTY}\r\nforged: line"))
    assert is_clean(text, lines=False)
    assert text.startswith("RuntimeError: HTTP 500 a\\x1b[2J")
