"""``threadtrail exporters``: what is installed, what is enabled and by what, and why something is not."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pseudo_terminal import on_terminal
from threadtrail import _install, cli

if TYPE_CHECKING:
    from pathlib import Path

    from fake_distributions import Installer

EXPORTER = """
    from threadtrail.hookspecs import hookimpl

    class Exporter:
        def __init__(self, key):
            raise AssertionError("the list builds no exporter")

        @hookimpl
        def shutdown(self): ...

        @hookimpl
        def export(self, events): ...

        @hookimpl(specname="flush")
        def deliver(self): ...

        def start(self): ...

    def make() -> Exporter: ...

    def make_something(): ...
"""


pytestmark = pytest.mark.usefixtures("here")


def listed(capsys: pytest.CaptureFixture[str], *, code: int = 0) -> dict[str, Any]:
    """The rows by name, as JSON has them; those of one name as a list."""
    assert cli.main(["exporters", "--json"]) == code
    found: dict[str, Any] = {}
    for row in json.loads(capsys.readouterr().out):
        name = row.pop("name")
        if name in found:
            found[name] = [found[name], row]
        else:
            found[name] = row
    return found


def test_with_nothing_configured_the_console_is_enabled(capsys: pytest.CaptureFixture[str]) -> None:
    rows = listed(capsys)
    assert rows["console"] == {
        "distribution": "threadtrail",
        "version": "0.1.0",
        "module": "threadtrail.exporters.console:ConsoleExporter",
        "hooks": [
            "destination",
            "capture_context",
            "export",
            "flush",
            "shutdown",
            "check",
            "after_fork",
        ],
        "state": "enabled",
        "chosen": True,
        "origin": "default",
        "problem": None,
        "advice": None,
    }
    assert (rows["jsonl"]["state"], rows["jsonl"]["chosen"]) == ("available", False)
    assert rows["jsonl"]["hooks"] == [
        "start",
        "destination",
        "export",
        "flush",
        "shutdown",
        "check",
        "after_fork",
    ]


def test_what_enables_an_exporter_is_named(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "threadtrail.toml").write_text("[exporters.jsonl]\n")
    rows = listed(capsys)
    assert (rows["jsonl"]["state"], rows["console"]["state"]) == ("enabled", "available")
    assert rows["jsonl"]["origin"] == f"file {here / 'threadtrail.toml'}"
    monkeypatch.setenv("THREADTRAIL_EXPORTERS", "console,jsonl")
    rows = listed(capsys)
    assert {rows[name]["state"] for name in ("console", "jsonl")} == {"enabled"}
    assert {rows[name]["origin"] for name in ("console", "jsonl")} == {
        "environment variable THREADTRAIL_EXPORTERS"
    }


def test_switched_off(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("THREADTRAIL_DISABLED", "1")
    rows = listed(capsys)
    assert {row["state"] for row in rows.values()} == {"switched off"}
    assert {row["origin"] for row in rows.values()} == {"environment variable THREADTRAIL_DISABLED"}
    assert cli.main(["exporters"]) == 0
    assert "no: threadtrail is switched off (environment variable THREADTRAIL_DISABLED)" in (
        capsys.readouterr().out
    )


def test_hooks_are_reported_without_building_an_exporter(
    install: Installer, capsys: pytest.CaptureFixture[str]
) -> None:
    targets = {"a-class": "listed:Exporter", "typed": "listed:make", "untyped": "listed:make_something"}
    install("acme", targets, listed=EXPORTER)
    rows = listed(capsys)
    assert rows["a-class"]["hooks"] == rows["typed"]["hooks"] == ["export", "flush", "shutdown"]
    assert (rows["untyped"]["hooks"], rows["untyped"]["problem"]) == (None, None)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import acme_is_missing\nExporter = 1", "ModuleNotFoundError: No module named 'acme_is_missing'"),
        ("import sys\nsys.exit(3)", "ExitedError: it exits with 3"),
        ("raise RuntimeError('line one\\nline two')", "RuntimeError: line one line two"),
    ],
)
def test_a_broken_exporter_breaks_its_own_line_alone(
    install: Installer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    source: str,
    words: str,
) -> None:
    monkeypatch.delitem(sys.modules, "broken", raising=False)
    install("acme", {"acme": "broken:Exporter"}, "2.5", broken=source)
    rows = listed(capsys)
    assert rows["acme"]["state"] == "broken"
    assert rows["acme"]["problem"] == f"it cannot be imported: {words}"
    assert rows["acme"]["advice"] == "Reinstall it: pip install --force-reinstall acme"
    assert (rows["acme"]["hooks"], rows["acme"]["version"]) == (None, "2.5")
    assert rows["console"]["state"] == "enabled"
    monkeypatch.setenv("THREADTRAIL_EXPORTERS", "acme")
    listed(capsys, code=1)


BREAKING_THE_RULES = """
from threadtrail import hookimpl

class Argument:
    @hookimpl
    def export(self, evnets): ...

class Async:
    @hookimpl
    async def export(self, events): ...

class Name:
    @hookimpl
    def exprot(self, events): ...

class Works:
    @hookimpl
    def export(this, events): ...

class Slotted:
    __slots__ = ("file",)

    @property
    def size(self): return self.file.size

    @hookimpl
    def export(self, events): ...
"""


def test_an_exporter_that_breaks_the_rules_of_hooks_is_not_enabled(
    install: Installer, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list says what ``instrument()`` says, and builds no exporter for that."""
    classes = ("Argument", "Async", "Name")
    targets = {name.lower(): f"acme_rules:{name}" for name in (*classes, "Works", "Slotted")}
    install("acme", targets, acme_rules=BREAKING_THE_RULES)
    (here / "threadtrail.toml").write_text("".join(f"[exporters.{name.lower()}]\n" for name in classes))
    rows = listed(capsys, code=1)
    assert [rows[name.lower()]["state"] for name in classes] == ["broken"] * 3
    assert rows["works"]["state"] == rows["slotted"]["state"] == "available"
    assert cli.main(["exporters"]) == 1
    said = capsys.readouterr().out
    assert ": its hook 'export' takes 'evnets', which does not exist. Did you mean 'events'?" in said
    assert ": its hook 'export' must be a plain function: async or yield never runs.\n" in said
    assert ": there is no hook 'exprot'. Did you mean 'export'?" in said


def test_what_is_no_exporter_at_all(install: Installer, capsys: pytest.CaptureFixture[str]) -> None:
    install("acme", {"acme": "a_number:VALUE"}, a_number="VALUE = 3")
    row = listed(capsys)["acme"]
    assert (row["state"], row["problem"]) == ("broken", "a_number:VALUE is neither a class nor a function")


def test_two_distributions_of_one_name(
    install: Installer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install("acme", {"both": "claimed:Exporter"}, claimed=EXPORTER)
    install("ajax", {"both": "claimed:Exporter"}, "2.0")
    first, second = listed(capsys)["both"]
    assert (first["distribution"], second["distribution"]) == ("acme", "ajax")
    assert {first["state"], second["state"]} == {"ambiguous"}
    assert first["problem"] == "ajax 2.0 provides it too"
    assert second["problem"] == "acme 1.0 provides it too"
    assert "pip uninstall" in first["advice"]
    monkeypatch.setenv("THREADTRAIL_EXPORTERS", "both")
    listed(capsys, code=1)


def test_chosen_and_not_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("threadtrail.config.installed.PLUGINS", ("hologram",))
    monkeypatch.setenv("THREADTRAIL_EXPORTERS", "hologram,consle")
    rows = listed(capsys, code=1)
    assert rows["hologram"]["state"] == rows["consle"]["state"] == "not installed"
    assert rows["hologram"]["advice"] == f"Install it: {_install.plugin_command('hologram')}"
    assert rows["consle"]["advice"].endswith("Did you mean 'console'?")
    assert rows["hologram"]["origin"] == "environment variable THREADTRAIL_EXPORTERS"
    assert cli.main(["exporters"]) == 1
    assert "not installed (environment variable THREADTRAIL_EXPORTERS). Install it: " in (
        capsys.readouterr().out
    )


def test_what_could_be_installed_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("threadtrail.config.installed.PLUGINS", ("hologram",))
    assert cli.main(["exporters"]) == 0
    assert capsys.readouterr().out.endswith(
        f"\nnot installed: hologram ({_install.plugin_command('hologram')})\n"
    )
    monkeypatch.setattr("threadtrail.config.installed.PLUGINS", ("hologram", "smoke"))
    assert cli.main(["exporters"]) == 0
    assert capsys.readouterr().out.endswith(
        f"\nnot installed: hologram, smoke ({_install.plugin_command('NAME')})\n"
    )


def test_an_error_in_the_configuration_hides_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "threadtrail.toml").write_text('sample_rate = 2\nexporters = ["jsonl"]\n')
    assert cli.main(["exporters", "--json"]) == 2
    printed = capsys.readouterr()
    assert {row["name"]: row["state"] for row in json.loads(printed.out)}["jsonl"] == "enabled"
    assert printed.err.startswith("threadtrail: sample_rate = 2 (file ")
    assert "it must be a number from 0 to 1" in printed.err


def test_what_exporters_print_when_they_are_imported_is_not_in_the_list(
    install: Installer, capsys: pytest.CaptureFixture[str]
) -> None:
    install("acme", {"acme": "loud:Exporter"}, loud="print('hello')\nclass Exporter: ...")
    assert cli.main(["exporters", "--json"]) == 0
    printed = capsys.readouterr()
    json.loads(printed.out)
    assert printed.err == "hello\n"


def test_where_there_is_no_terminal_each_exporter_is_one_line(
    install: Installer, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "a-very-long-name-for-an-exporter-of-somebody-elses-making"
    install("acme", {name: "listed:Exporter"}, listed=EXPORTER)
    assert cli.main(["exporters"]) == 0
    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading.split() == ["name", "distribution", "version", "hooks", "enabled"]
    (line,) = [row for row in rows if row.startswith(name)]
    cells = re.split(r" {2,}", line)
    assert cells == [name, "acme", "1.0", "export, flush, shutdown", "no"]
    column = heading.index("enabled")
    assert [row[column:] for row in rows if row.startswith("console")] == ["yes (default)"]


@pytest.mark.slow
@pytest.mark.parametrize("columns", [80, 40])
def test_no_terminal_is_so_narrow_that_names_are_cut(columns: int, here: Path) -> None:
    drawn = on_terminal(columns, "exporters", THREADTRAIL_EXPORTERS="jsonl")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", drawn)
    for words in ("console", "jsonl", "yes (", "after_fork"):
        assert words in plain
    assert "…" not in plain
    if columns > 40:
        assert "\x1b[" in drawn
        table, _, _ = plain.partition("not installed:")  # a command as long as a path
        assert all(len(line.rstrip("\r")) <= columns for line in table.split("\n"))


@pytest.mark.slow
def test_no_color_has_no_colours(here: Path) -> None:
    colour = re.compile(r"\x1b\[[0-9;]*3\d")
    assert colour.search(on_terminal(200, "exporters"))
    assert not colour.search(on_terminal(100, "exporters", "--no-color"))
    assert not colour.search(on_terminal(100, "exporters", NO_COLOR="1"))
