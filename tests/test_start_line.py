"""The one line of the log at the start: which file is in force, and where each exporter sends."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from doc_blocks import blocks
from threadtrail import hookimpl
from threadtrail.config import registry
from threadtrail.config.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = Path(__file__).parents[1] / "docs" / "configuration.md"


@pytest.fixture
def lines(here: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Callable[..., list[str]]]:
    """Instruments with these keywords, and returns what the logger ``threadtrail`` says at INFO."""
    caplog.set_level(logging.INFO, "threadtrail")

    def instrument(**keywords: Any) -> list[str]:
        caplog.clear()
        with threadtrail.instrument(**keywords):
            pass
        return [record.getMessage() for record in caplog.records if record.name == "threadtrail"]

    yield instrument
    threadtrail.uninstrument()


class Exporter:
    def __init__(self, answer: object = "the moon") -> None:
        self.answer = answer
        self.calls: list[str] = []

    @hookimpl
    def start(self) -> None:
        self.calls.append("start")

    @hookimpl
    def destination(self) -> Any:
        self.calls.append("destination")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    @hookimpl
    def export(self, events: object) -> None: ...


class Silent:
    @hookimpl
    def export(self, events: object) -> None: ...


def test_without_a_file(lines: Callable[..., list[str]], here: Path) -> None:
    assert lines() == ["configuration file: none; exporters: console (standard error)"]
    assert lines(exporters="none") == ["configuration file: none; exporters: none"]
    assert lines(exporters={"console": {"stream": "stdout"}, "jsonl": {"path": "x.jsonl"}}) == [
        f"configuration file: none; exporters: console (standard output), jsonl ({here / 'x.jsonl'})"
    ]


def test_with_a_file(lines: Callable[..., list[str]], here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "threadtrail.toml").write_text('[exporters.jsonl]\npath = "runs.jsonl"\n[exporters.console]\n')
    (line,) = lines()
    assert line == (
        f"configuration file: {here / 'threadtrail.toml'}; exporters: jsonl ({here / 'runs.jsonl'}), "
        "console (standard error)"
    )
    assert [line.replace(str(here), "/srv/app") + "\n"] == [
        block for block in blocks(PAGE, "text") if block.startswith("configuration file")
    ]
    monkeypatch.setenv("THREADTRAIL_CONFIG", "threadtrail.toml")
    (line,) = lines(exporters="console")
    assert line.startswith("configuration file: threadtrail.toml (named by THREADTRAIL_CONFIG); ")


def test_with_a_file_that_is_not_trusted(lines: Callable[..., list[str]], here: Path) -> None:
    file = here / "threadtrail.toml"
    file.write_text("sample_rate = 0.5")
    file.chmod(0o666)
    (line,) = lines()
    assert line == (
        f"configuration file: {file} (not trusted, since every user can write it (mode 0666)); exporters: "
        "console (standard error)"
    )


def test_it_is_one_line_whatever_stands_in_it(
    lines: Callable[..., list[str]], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = here / "a\nb\x1b[2J"
    folder.mkdir()
    (folder / "threadtrail.toml").write_text("")
    monkeypatch.chdir(folder)
    (line,) = lines(exporters=[Exporter("over\nthe \x1b[2Jrainbow")])
    assert line == (
        f"configuration file: {here}/a\\nb\\x1b[2J/threadtrail.toml; exporters: "
        "Exporter (over the \\x1b[2Jrainbow)"
    )


@pytest.mark.parametrize("answer", [None, "", 3, ["x"], RuntimeError("no idea")])
def test_a_destination_that_is_none_is_unknown(lines: Callable[..., list[str]], answer: object) -> None:
    assert lines(exporters=[Exporter(answer)]) == ["configuration file: none; exporters: Exporter (unknown)"]
    assert lines(exporters=[Silent()]) == ["configuration file: none; exporters: Silent (unknown)"]


def test_an_exporter_is_asked_after_its_start(lines: Callable[..., list[str]]) -> None:
    exporter = Exporter()
    lines(exporters=[exporter])
    assert exporter.calls == ["start", "destination"]


def test_nothing_secret_is_in_it(lines: Callable[..., list[str]]) -> None:
    (line,) = lines(exporters=[Exporter("https://ada:hunter2@host.example:4318/v1?key=abc and http://x@y/")])
    assert line.endswith("Exporter (https://host.example:4318/v1 and http://y/)")


def test_nothing_of_a_secret_option_is_in_it(install: Any) -> None:
    source = """
        from threadtrail import hookimpl
        class E:
            def __init__(self, api_key):
                self.key = api_key
            @hookimpl
            def destination(self):
                return f"host?{self.key}"
            @hookimpl
            def export(self, events): ...
    """
    install("acme", {"acme": "acme_leaky:E"}, acme_leaky=source)
    (loaded,) = registry.load(load_settings(exporters={"acme": {"api_key": "sk-acme-1"}}))
    assert loaded.destination() == "host?(hidden)"


def test_no_line_where_nothing_starts(
    lines: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THREADTRAIL_DISABLED", "1")
    assert lines() == ["threadtrail is disabled by THREADTRAIL_DISABLED"]
