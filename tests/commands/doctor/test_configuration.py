"""The configuration: what is set and where it stands, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from threadtrail import cli

if TYPE_CHECKING:
    from doctors_visit import Visit


def test_each_setting_is_reported_with_its_place(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    file = visit.here / "threadtrail.toml"
    file.write_text('settle_seconds = 2\nsample_rate = 0.5\nexporters = ["console"]\n')
    monkeypatch.setenv("THREADTRAIL_SAMPLE_RATE", "0.25")
    found = visit()
    assert found.code == 0
    assert found.of("configuration") == [
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
    assert found.of("configuration") == [("warning", "No exporter is chosen, so runs are sent nowhere.")]
    assert found.code == 0
    assert visit("--strict").code == 1


def test_switched_off_by_the_file(visit: Visit) -> None:
    (visit.here / "threadtrail.toml").write_text("disabled = true\n")
    found = visit()
    assert f"switched off (file {visit.here / 'threadtrail.toml'})" in found.only("warning")["message"]
    assert found.of("exporter console") == []


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "nan", "inf"])
def test_a_timeout_that_is_none_is_wrong_use(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        cli.main(["doctor", f"--timeout={seconds}"])
    assert exit_.value.code == 2
    assert f"'{seconds}' is not a number of seconds above 0" in capsys.readouterr().err
