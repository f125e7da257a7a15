from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from recorded_turns import written
from threadtrail import cli
from threadtrail.testing import samples

if TYPE_CHECKING:
    import argparse


def command_that(run: Any) -> Any:
    """A subcommand ``play`` that does this."""
    return SimpleNamespace(add_parser=lambda commands: commands.add_parser("play").set_defaults(run=run))


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_version(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        cli.main([flag])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"threadtrail {threadtrail.__version__}\n"


def test_without_a_command_the_help_is_shown_as_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert "demo" in capsys.readouterr().err


def test_each_command_has_one_line_of_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = cli.parser().format_help().splitlines()
    for command in ("demo", "exporters", "doctor", "show", "view", "replay", "compare", "collect"):
        assert any(re.match(rf"    {command} +[a-z]+ ", line) for line in lines), command
    assert all(len(line) <= 80 for line in lines)


def test_the_examples_in_the_help_are_commands() -> None:
    _, *examples = cli.EPILOG.splitlines()
    assert len(examples) == len(cli.COMMANDS)
    for example in examples:
        command, _, meaning = example.strip().partition("   ")
        program, *arguments = command.split()
        assert program == "threadtrail"
        assert cli.parser().parse_args(arguments).run is not None
        assert meaning


def test_unknown_walk_through_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        cli.main(["demo", "physics"])
    assert exit_.value.code == 2
    assert "math-tutor" in capsys.readouterr().err


def test_a_command_gets_its_options_and_gives_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[argparse.Namespace] = []

    def run(options: argparse.Namespace) -> int:
        seen.append(options)
        return 7

    monkeypatch.setattr(cli, "COMMANDS", (command_that(run),))
    assert cli.main(["play"]) == 7
    assert len(seen) == 1


def test_configuration_errors_are_reported_as_usage_errors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_options: argparse.Namespace) -> int:
        raise threadtrail.ConfigurationError("sample_rate: 2 is too much")

    monkeypatch.setattr(cli, "COMMANDS", (command_that(run),))
    assert cli.main(["play"]) == 2
    assert capsys.readouterr().err == "threadtrail: sample_rate: 2 is too much\n"


def test_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_options: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "COMMANDS", (command_that(run),))
    assert cli.main(["play"]) == 130


@pytest.mark.slow
def test_a_reader_that_has_left_is_no_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stdout:
        done = subprocess.run(
            [sys.executable, "-m", "threadtrail", "exporters", "--json"],
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=240,
        )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


FULL = Path("/dev/full")
PRINTING = (
    "show runs.jsonl",
    "show runs.jsonl --stats",
    "show runs.jsonl --json",
    "view runs.jsonl --no-open",
    "compare runs.jsonl",
    "doctor --exporter jsonl",
    "doctor --exporter jsonl --json",
    "exporters",
    "status --from runs.jsonl",
    "replay runs.jsonl --exporter jsonl --dry-run",
)


@pytest.mark.slow
@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    ("command", "unbuffered"), [*((each, "") for each in PRINTING), ("show runs.jsonl", "1")]
)
def test_output_on_a_full_disk_is_one_line_and_no_traceback(
    command: str, unbuffered: str, tmp_path: Path
) -> None:
    written(tmp_path / "runs.jsonl", samples.sample_events())
    with FULL.open("w", encoding="utf-8") as stdout:
        done = subprocess.run(
            [sys.executable, "-m", "threadtrail", *command.split()],
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=240,
            cwd=tmp_path,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    *_, last = done.stderr.splitlines()
    assert last == f"threadtrail: cannot write to standard output: {os.strerror(errno.ENOSPC)}"
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.returncode == 2


def test_the_command_line_loads_no_sdk_before_a_command_runs() -> None:
    program = (
        "import sys, threadtrail.cli\n"
        "print(sorted({'openai', 'rich', 'pydantic', 'starlette', 'uvicorn'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=240
    )
    assert done.stdout == "[]\n"
