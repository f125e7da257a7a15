"""The doctor as users run it: each situation with its sentence and its exit code."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from doctors_visit import COMMAND_LINE, CONSOLE, NO_FILE, Visit, doctor
from fork_server import fork_server
from pseudo_terminal import on_terminal
from unpacked import unpacked

pytestmark = pytest.mark.slow

MAKEFILE = Path(__file__).parents[3] / "Makefile"


def test_nothing_configured(here: Path) -> None:
    found = doctor(here)
    assert found.code == 0
    assert found.worst == []
    assert found.of("configuration") == [
        NO_FILE,
        ("ok", "No exporter is configured, so runs go to console, the default."),
    ]
    assert found.of("exporter console") == CONSOLE
    assert ("ok", "All 103 methods that threadtrail patches exist.") in found.of("sdk")
    assert found.stderr == ""
    assert list(here.iterdir()) == []


def test_switched_off(here: Path) -> None:
    found = doctor(here, THREADTRAIL_DISABLED="1", THREADTRAIL_EXPORTERS="nobody-looks-at-this")
    assert found.code == 0
    assert found.worst == [
        {
            "level": "warning",
            "area": "configuration",
            "message": "threadtrail is switched off (environment variable THREADTRAIL_DISABLED): "
            "instrument() does nothing.",
            "advice": "To record runs, remove that setting.",
            "refused": False,
        }
    ]


def test_switched_off_is_a_warning(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADTRAIL_DISABLED", "1")
    assert visit("--strict").code == 1


def test_a_file_that_is_no_toml(here: Path, visit: Visit) -> None:
    (here / "threadtrail.toml").write_text("sample_rate = \n")
    found = visit()
    assert found.code == 2
    problem = found.only("problem")
    assert problem["message"].startswith(
        f"configuration file {here / 'threadtrail.toml'}: it is not valid TOML: Invalid value"
    )
    assert problem["refused"]


@pytest.mark.sdks
def test_the_oldest_sdk_lacks_methods_that_matter_little(here: Path) -> None:
    found = doctor(here, PYTHONPATH=unpacked("openai-1.21.0"))
    assert found.code == 0
    assert found.of("sdk") == [
        ("ok", "openai 1.21.0 is within the versions that threadtrail is tested with, 1.21.0 to 3.57.0."),
        (
            "note",
            (
                "This SDK lacks Messages.delete, AsyncMessages.delete, so your program cannot call that "
                "either (59 of 61 methods are recorded)."
            ),
        ),
    ]


@pytest.mark.sdks
@pytest.mark.parametrize("version", ["1.66.0", "1.109.1", "2.54.0"])
def test_what_an_sdk_is_too_old_for_is_not_missing(here: Path, version: str) -> None:
    found = doctor(here, PYTHONPATH=unpacked(f"openai-{version}"))
    levels = [level for level, _ in found.of("sdk")]
    assert (found.code, levels) == (0, ["ok", "ok"])


def test_an_sdk_without_a_method_that_matters(here: Path) -> None:
    before = "from openai.resources.beta.threads.runs.runs import Runs\ndel Runs.create, Runs.poll"
    found = doctor(here, before=before)
    assert found.code == 1
    problem = found.only("problem")
    assert problem["message"] == (
        "This SDK lacks methods that create or follow runs: Runs.create, Runs.poll. Runs may not be recorded "
        "(101 of 103 methods are recorded)."
    )
    assert problem["advice"].startswith("Install a version from 1.21.0 to 3.57.0")
    assert not problem["refused"]


def test_an_sdk_that_is_newer_than_tested_and_has_all_methods(here: Path) -> None:
    found = doctor(here, before="import openai\nopenai.__version__ = '9.0.0'")
    assert found.code == 0
    assert found.of("sdk") == [
        ("ok", "openai 9.0.0 has all that threadtrail needs, which is tested with 1.21.0 to 3.57.0."),
        ("ok", "All 103 methods that threadtrail patches exist."),
    ]


def test_an_sdk_without_assistants(here: Path) -> None:
    (here / "openai.py").write_text("__version__ = '9.0.0'\n")
    found = doctor(here, PYTHONPATH=str(here))
    assert found.code == 1
    assert found.only("problem")["message"] == (
        "This SDK has none of the methods that threadtrail patches, so nothing is recorded."
    )
    assert found.only("note")["message"] == (
        "openai 9.0.0 is newer than the versions that threadtrail is tested with, 1.21.0 to 3.57.0."
    )


def test_no_sdk_at_all(here: Path) -> None:
    (here / "openai.py").write_text("raise ImportError('no openai here')\n")
    found = doctor(here, PYTHONPATH=str(here))
    assert found.code == 1
    problem = found.only("problem")
    assert problem["message"] == "The SDK cannot be imported: ImportError: no openai here."
    assert problem["advice"] == "Install it in this environment: pip install openai"


@pytest.mark.sdks
@pytest.mark.parametrize(
    ("tool", "module", "distribution", "sentence"),
    [
        (
            "openinference-0.1.66",
            "openinference.instrumentation.openai",
            "OpenInference is installed (openinference-instrumentation-openai 0.1.66). ",
            "OpenInference has wrapped OpenAI.request, AsyncOpenAI.request: it makes a span of every ",
        ),
        (
            "traceloop-0.62.4",
            "opentelemetry.instrumentation.openai",
            "OpenLLMetry (Traceloop) is installed (opentelemetry-instrumentation-openai 0.62.4). ",
            "OpenLLMetry (Traceloop) has wrapped Assistants.create, Messages.list, Runs.create, ",
        ),
    ],
    ids=["openinference", "traceloop"],
)
def test_another_instrumentation(
    here: Path, tool: str, module: str, distribution: str, sentence: str
) -> None:
    folder = unpacked(tool)
    (here / "app.py").write_text(
        f"from {module} import OpenAIInstrumentor\nOpenAIInstrumentor().instrument()\n"
    )
    found = doctor(here, PYTHONPATH=folder)
    assert (found.code, found.worst) == (0, [])
    assert found.only("note")["message"] == (
        f"{distribution}If it is switched on, as opentelemetry-instrument does, it records the same calls."
    )
    off = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "openai"}
    quiet = doctor(here, PYTHONPATH=folder, **off).only("note")["message"]
    assert quiet == f"{distribution}If it is switched on it records the same calls."
    found = doctor(here, "app", PYTHONPATH=folder)
    assert found.code == 0
    level = "note" if module.startswith("openinference") else "warning"
    assert any(message.startswith(sentence) for message in found.messages(level))


def test_the_tested_versions_are_those_of_the_makefile() -> None:
    from threadtrail.commands.doctor.sdk import NEWEST_TESTED, OLDEST_TESTED

    makefile = MAKEFILE.read_text()
    versions = re.search(r"^OTHER_SDKS := (\S+) .* (\S+)$", makefile, re.MULTILINE)
    assert versions is not None
    assert versions.groups() == (OLDEST_TESTED, NEWEST_TESTED)


def test_a_terminal_shows_it_in_colours_and_wraps_below_the_sentence(here: Path) -> None:
    drawn = on_terminal(70, "doctor", "--strict", code=1, THREADTRAIL_DISABLED="1")
    assert "\x1b[33m  warning" in drawn
    assert "\x1b[32m  ok" in drawn
    plain = re.sub(r"\x1b\[[0-9;]*m|\r", "", drawn)
    lines = [line.rstrip() for line in plain.splitlines()]
    assert all(len(line) <= 70 for line in lines)
    start = lines.index("  warning  threadtrail is switched off (environment variable")
    assert lines[start + 1].startswith(" " * 11 + "THREADTRAIL_DISABLED)")
    assert "           → To record runs, remove that setting." in lines
    assert lines[-1] == "1 warning."


def test_a_pipe_gets_whole_lines(here: Path) -> None:
    command = ["-m", "threadtrail", "doctor"]
    done = fork_server().run(command, cwd=here, env=os.environ, timeout=240)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "  ok       No exporter is configured, so runs go to console, the default." in (
        done.stdout.splitlines()
    )
    assert done.stdout.splitlines()[-1] == "Nothing is wrong."
    ascii_only = f"import sys; sys.stdout.reconfigure(encoding='ascii')\n{COMMAND_LINE}"
    done = fork_server().run(["-c", ascii_only, "doctor"], cwd=here, env=os.environ, timeout=240)
    assert (done.returncode, done.stderr) == (0, "")
    assert "-> To check what your program sets up" in done.stdout


def test_what_the_program_prints_and_logs_is_not_in_the_report(here: Path) -> None:
    (here / "app.py").write_text("print('hello')\nif __name__ == '__main__':\n    raise SystemExit(9)\n")
    found = doctor(here, "app.py")
    assert found.of("program") == [
        ("ok", "app.py is imported."),
        ("note", "app.py did not call threadtrail.instrument() while it was imported."),
    ]
    assert found.stderr == "hello\n"
    assert found.code == 0
