"""The configuration: what is set and where, and what is wrong with it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from typing import TYPE_CHECKING

import pytest

from doctors_visit import COMMAND_LINE, NO_FILE
from fork_server import fork_server
from threadtrail import cli

if TYPE_CHECKING:
    from pathlib import Path

    from doctors_visit import Visit
    from fake_distributions import Installer


def test_each_setting_is_reported_with_its_place(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    file = visit.here / "threadtrail.toml"
    file.write_text('settle_seconds = 2\nsample_rate = 0.5\nexporters = ["console"]\n')
    monkeypatch.setenv("THREADTRAIL_SAMPLE_RATE", "0.25")
    found = visit()
    assert found.code == 0
    assert found.of("configuration") == [
        ("setting", f"configuration file: {file}"),
        ("ok", f"Runs go to console (file {file})."),
        ("setting", f"settle_seconds = 2.0 (file {file})"),
        ("setting", "sample_rate = 0.25 (environment variable THREADTRAIL_SAMPLE_RATE)"),
    ]


def test_all_that_is_wrong_is_reported_and_the_rest_looked_at(visit: Visit) -> None:
    (visit.here / "threadtrail.toml").write_text(
        'sample_rat = 1\nqueue_size = 0\nexporters = ["jsonl", "console"]\n'
    )
    found = visit()
    assert found.code == 2
    file = visit.here / "threadtrail.toml"
    first, second = (each for each in found.findings if each["level"] == "problem")
    assert first["message"] == f"sample_rat = 1 (file {file}): there is no such setting."
    assert first["advice"].startswith("Did you mean 'sample_rate'? Settings: exporters, ")
    assert second["message"] == f"queue_size = 0 (file {file}): it must be a whole number, 1 or more."
    assert second["advice"] == "Correct it, or leave it out for the default, 10000."
    assert first["area"] == second["area"] == "configuration"
    assert found.of("exporter jsonl")[-1][0] == "ok"


def test_no_exporter_at_all_is_a_warning(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADTRAIL_EXPORTERS", "none")
    found = visit()
    assert found.of("configuration") == [
        NO_FILE,
        ("warning", "No exporter is chosen, so runs are sent nowhere."),
    ]
    assert found.code == 0
    assert visit("--strict").code == 1


def test_switched_off_by_the_file(visit: Visit) -> None:
    (visit.here / "threadtrail.toml").write_text("disabled = true\n")
    found = visit()
    assert f"switched off (file {visit.here / 'threadtrail.toml'})" in found.only("warning")["message"]
    assert found.of("exporter console") == []


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "nan", "inf"])
def test_a_bad_timeout_is_a_usage_error(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        cli.main(["doctor", f"--timeout={seconds}"])
    assert exit_.value.code == 2
    assert f"'{seconds}' is not a number of seconds above 0" in capsys.readouterr().err


# --- the file in force, and where data goes ------------------------------------------------------


def test_where_each_exporter_sends(visit: Visit) -> None:
    (visit.here / "threadtrail.toml").write_text(
        '[exporters.jsonl]\npath = "runs.jsonl"\n[exporters.console]\n'
    )
    assert visit().of("destinations") == [
        ("setting", f"jsonl: {visit.here / 'runs.jsonl'}"),
        ("setting", "console: standard error"),
    ]


def test_an_exporter_without_the_hook_and_one_that_does_not_start(exporter: None, visit: Visit) -> None:
    found = visit("--exporter", "acme")
    assert found.of("destinations") == [("setting", "acme: unknown")]
    (visit.here / "threadtrail.jsonl").mkdir()
    assert visit("--exporter", "jsonl").of("destinations") == []


def test_a_file_that_is_not_trusted(visit: Visit) -> None:
    file = visit.here / "threadtrail.toml"
    file.write_text('[exporters.console]\n[exporters.jsonl]\npath = "/etc/runs.jsonl"\n')
    file.chmod(0o666)
    found = visit()
    assert found.code == 2
    distrusted = "not trusted, since every user can write it (mode 0666)"
    assert found.of("configuration")[0] == ("setting", f"configuration file: {file} ({distrusted})")
    problem = found.only("problem")
    assert problem["message"].startswith(f"exporters = 'jsonl' (file {file}): the file is not trusted")
    assert problem["refused"]
    assert found.of("exporter jsonl") == []
    assert found.of("destinations") == [("setting", "console: standard error")]


def test_the_file_that_the_program_has_read(visit: Visit) -> None:
    file = visit.here / "threadtrail.toml"
    file.write_text("sample_rate = 0.5")
    found = visit(visit.program("import threadtrail\nthreadtrail.instrument()"))
    assert ("setting", f"configuration file: {file}") in found.of("configuration")
    assert found.of("destinations") == [("setting", "console: standard error")]


@pytest.mark.slow
def test_it_is_printed_before_a_backend_is_asked(here: Path, install: Installer, tmp_path: Path) -> None:
    source = """
        from pathlib import Path
        from threadtrail import hookimpl

        class Patient:
            @hookimpl
            def destination(self):
                return "https://acme.example"

            @hookimpl
            def export(self, events): ...

            @hookimpl
            def check(self, timeout):
                return Path("gate").read_text()  # waits for the test to write
    """
    install("acme", {"patient": "patient_exporter:Patient"}, patient_exporter=source)
    for name in ("gate", "printed"):
        os.mkfifo(here / name)
    program = f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r})\n{COMMAND_LINE}"
    command = ["-c", program, "doctor", "--exporter", "patient"]
    outputs = [here / "printed", here / "errors"]
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(fork_server().run_to, outputs, command, cwd=here, env=os.environ, timeout=240)
        with (here / "printed").open(encoding="utf-8") as printed:
            before = list(
                takewhile(lambda line: line != "  setting  patient: https://acme.example\n", printed)
            )
            assert "configuration\n" in before
            assert not done.done()
            (here / "gate").write_text("It was asked.")
            rest = printed.read()
        assert done.result() == 0
    assert "  ok       It was asked.\n" in rest
    assert "destinations" not in rest
    assert rest.endswith("Nothing is wrong.\n")
