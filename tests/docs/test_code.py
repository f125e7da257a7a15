"""The code of the documentation runs, its files are accepted, its commands exist."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import threadtrail
from doc_blocks import DOCS, PAGES, README, ROOT, TESTED_ELSEWHERE, accept_file, blocks, name_of, run_programs
from threadtrail import cli
from threadtrail.config import installed, registry
from threadtrail.config.settings import Settings, load_settings
from threadtrail.exporters.jsonl import read_events
from threadtrail.testing.server import SCENARIOS, RunScript

if TYPE_CHECKING:
    from threadtrail.testing.server import AssistantsServer

HERE = [page for page in PAGES if page not in TESTED_ELSEWHERE]
QUICKSTART = DOCS / "quickstart.md"
LANGUAGES = {"bash", "json", "python", "text", "toml"}
COMMANDS_ELSEWHERE = {DOCS / "configuration.md", DOCS / "plugins" / "writing-an-exporter.md"}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_is_of_a_language_that_is_checked(page: Path) -> None:
    """Else a block could escape by being called `py`."""
    text = page.read_text(encoding="utf-8")
    languages = re.findall(r"^ *```+(.*)\n(?:.*\n)*?^ *```+ *$", text, re.MULTILINE)
    allowed = LANGUAGES | ({"markdown"} if page in TESTED_ELSEWHERE else set())
    assert set(languages) <= allowed


@pytest.mark.parametrize("page", TESTED_ELSEWHERE, ids=name_of)
def test_who_tests_a_page_names_it(page: Path) -> None:
    test = ROOT / TESTED_ELSEWHERE[page]
    assert page.exists()
    assert page.name in test.read_text(encoding="utf-8") or page.parent.name in test.read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("page", [page for page in HERE if blocks(page, "python")], ids=name_of)
def test_programs_run_one_after_the_other(
    page: Path, server: AssistantsServer, monkeypatch: pytest.MonkeyPatch, strict: None
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-local")
    run_programs(page)


@pytest.mark.parametrize("program", blocks(README, "python"), ids=lambda text: text.splitlines()[0])
def test_each_program_of_the_readme_runs_by_itself(
    program: str, server: AssistantsServer, monkeypatch: pytest.MonkeyPatch, strict: None
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-local")
    exec(compile(program, README.name, "exec"), {})  # noqa: S102 - our own page


def test_the_programs_of_the_quickstart_are_files_of_their_own(
    here: Path,
    server: AssistantsServer,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    strict: None,
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-local")
    ask, loop, ask_assistant, keep, read, group, check = blocks(QUICKSTART, "python")
    [command] = [text for text in blocks(QUICKSTART, "bash") if "--scenario" in text]
    [answer] = blocks(QUICKSTART, "text")
    two_lines = "import threadtrail\n\nthreadtrail.instrument()\n"
    assert two_lines in ask
    server.script_next(RunScript("Welcome."), SCENARIOS[command.split()[-1]])
    for program in (ask, loop, ask_assistant, ask.replace(two_lines, keep), group + check, read):
        exec(compile(program, "quickstart.md", "exec"), {})  # noqa: S102 - our own page
        assert threadtrail.flush(60)
    printed, drawn = capfd.readouterr()
    assert printed.startswith(f"Welcome.\n{answer}")
    assert printed.count("You said: Solve 3x + 11 = 14.\n") == 2
    assert printed.count("\ncompleted Usage(") == 3
    assert "Welcome." in drawn
    assert answer.strip() in drawn
    assert drawn.count("✓ Math Tutor  completed in ") == 1
    assert [event.event for event in read_events(here / "runs.jsonl")].count("RunEnded") == 3


@pytest.mark.parametrize(
    ("page", "text"), [(page, text) for page in HERE for text in blocks(page, "toml")], ids=name_of
)
def test_files_are_accepted(page: Path, text: str, here: Path) -> None:
    written = tomllib.loads(text)
    if "project" in written:  # how a package offers an exporter
        assert set(written["project"]["entry-points"]) == {installed.GROUP}
        return
    accept_file(text, here)


@pytest.mark.parametrize(
    ("page", "line"),
    [
        (page, line)
        for page in PAGES
        if page not in COMMANDS_ELSEWHERE
        for text in blocks(page, "bash")
        for line in text.splitlines()
    ],
    ids=lambda value: name_of(value) or value,
)
def test_commands_exist(page: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = shlex.split(line, comments=True)
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words.pop(0)
    check_command(words, monkeypatch)


def check_folder(folder: str, extras: str) -> None:
    project = tomllib.loads((ROOT / folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {*filter(None, extras.split(","))} <= project.get("optional-dependencies", {}).keys()


def check_command(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    match words:
        case ["make", target]:
            assert re.search(rf"^{target}:.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
        case ["pip", "install", *folders] if all(folder.startswith(".") for folder in folders):
            for folder in folders:
                check_folder(*folder.rstrip("]").partition("[")[::2])
        case ["pip", "install", requirement]:
            check_requirement(requirement)
        case ["threadtrail", *arguments]:
            assert cli.parser().parse_args(arguments).run is not None
        case ["python", file]:
            pages = "".join(page.read_text(encoding="utf-8") for page in (README, QUICKSTART))
            assert f"`{file}`:\n\n```python\n" in pages
        case ["opentelemetry-instrument", "python", _]:
            assert shutil.which("opentelemetry-instrument", path=str(Path(sys.executable).parent))
        case ["celery" | "gunicorn" | "mkdir" | "rq" | "streamlit" | "uvicorn", *_] | [
            "python",
            "-m",
            "threadtrail.testing.server",
            *_,
        ]:
            pass  # tests/servers, tests/testing/test_server_guide.py
        case ["export", assignment]:
            variable, _, value = assignment.partition("=")
            monkeypatch.setenv(variable, value)
            settings = load_settings()
            assert settings != Settings() or not variable.startswith("THREADTRAIL_")
            registry.load(settings)
        case _:
            pytest.fail(f"this test does not know {words}")


def check_requirement(requirement: str) -> None:
    """Whether it is one of our distributions, with an extra that it has."""
    parts = re.fullmatch(r"(threadtrail(?:-\w+)?)(?:\[([\w-]+)])?", requirement)
    assert parts is not None, requirement
    folder = ROOT if parts[1] == "threadtrail" else ROOT / "plugins" / parts[1]
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == parts[1]
    assert parts[2] is None or parts[2] in project["optional-dependencies"]


@pytest.mark.parametrize(
    "words",
    [
        ["make", "tea"],
        ["pip", "install", "threadtrail[tea]"],
        ["pip", "install", "threadtrail-tea"],
        ["pip", "install", "somebody-elses"],
        ["python", "tea.py"],
        ["brew", "tea"],
    ],
    ids=" ".join,
)
def test_commands_that_do_not_exist_are_noticed(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises((AssertionError, FileNotFoundError, pytest.fail.Exception)):
        check_command(words, monkeypatch)


def test_a_command_line_that_does_not_exist_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit):
        check_command(["threadtrail", "tea"], monkeypatch)
