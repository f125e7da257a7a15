"""Each chosen exporter: its settings, its start, its check; whatever it does, the report is complete."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from delivery.support import PATIENCE
from doctors_visit import CONSOLE, NO_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from doctors_visit import Visit
    from fake_distributions import Installer

AREA = "exporter acme"
TYPED = """
from pathlib import Path
from threadtrail import hookimpl

class E:
    def __init__(
        self, path: Path = Path("/nowhere/at/all"), seconds: float | None = None, strict: bool = False,
        api_key: str = "of-nobody", tags: tuple[str, ...] = ()
    ) -> None:
        self.path = path

    @hookimpl
    def start(self):
        self.path.open().close()

    @hookimpl
    def export(self, events): ...
"""
SAYS = ("note", "acme says so")


@pytest.fixture
def answer(exporter: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Has the exporter ``acme`` chosen, and do what is said here."""

    def choose(answer: str, **options: str) -> None:
        monkeypatch.setenv("THREADTRAIL_EXPORTERS", "acme")
        monkeypatch.setenv("THREADTRAIL_ACME_ANSWER", answer)
        for name, value in options.items():
            monkeypatch.setenv(f"THREADTRAIL_ACME_{name.upper()}", value)

    return choose


def calls() -> list[Any]:
    found: list[Any] = sys.modules["acme_exporter"].calls
    return found


def test_settings_answer_and_where_each_setting_stands(answer: Any, visit: Visit) -> None:
    answer("fine", url="http://127.0.0.1:1/x")
    found = visit("--timeout", "3")
    assert found.code == 0
    assert found.of(AREA) == [
        ("setting", "answer = 'fine' (environment variable THREADTRAIL_ACME_ANSWER)"),
        ("setting", "url = 'http://127.0.0.1:1/x' (environment variable THREADTRAIL_ACME_URL)"),
        SAYS,
        ("ok", "Acme answers."),
    ]
    assert calls() == ["start", ("check", 3.0), "shutdown"]
    assert found.stderr == "starting\n"


@pytest.mark.parametrize(
    ("does", "message", "advice"),
    [
        ("refused", "Acme does not take the key.", "Get another one."),
        ("raise", "Its check failed: ValueError: what is this.", "Report this to the exporter's maintainer."),
        (
            "exit",
            "Its check failed: ExitedError: it exits with 3.",
            "Report this to the exporter's maintainer.",
        ),
    ],
)
def test_a_check_that_fails_is_a_problem(
    answer: Any, visit: Visit, does: str, message: str, advice: str
) -> None:
    answer(does)
    found = visit()
    problem = found.only("problem")
    assert (problem["area"], problem["message"], problem["advice"]) == (AREA, message, advice)
    assert not problem["refused"]
    assert found.code == 1
    assert calls()[-1] == "shutdown"


def test_nobody_to_ask(answer: Any, visit: Visit) -> None:
    answer("nobody")
    found = visit()
    assert found.of(AREA)[-1] == ("ok", "It starts. It has no backend to check.")
    assert found.code == 0


SWITCHED_OFF = ("warning", "It is switched off and gets no events: ACME_DISABLED is true.")


def test_one_that_is_switched_off_is_not_asked(answer: Any, visit: Visit) -> None:
    answer("off")
    found = visit()
    assert found.of(AREA)[-1] == SWITCHED_OFF
    assert found.only("warning")["advice"] == "To send runs there, remove what switches it off."
    assert (found.code, visit("--strict").code) == (0, 1)
    assert calls() == ["start", "shutdown"] * 2


def test_one_of_the_program_that_is_switched_off(visit: Visit) -> None:
    source = """
        import threadtrail

        class Off:
            @threadtrail.hookimpl
            def start(self):
                return "ACME_DISABLED is true"

            @threadtrail.hookimpl
            def export(self, events): ...

        threadtrail.instrument(exporters=[Off()])
    """
    assert visit(visit.program(source)).of("exporter Off") == [SWITCHED_OFF]


def test_methods_that_are_not_marked_are_a_warning(install: Installer, visit: Visit) -> None:
    source = """
from threadtrail import hookimpl

class E:
    def flush(self): ...

    @hookimpl
    def export(self, events): ...
"""
    install("acme", {"forgetful": "forgetful_exporter:E"}, forgetful_exporter=source)
    found = visit("--exporter", "forgetful").only("warning")
    assert found["message"] == "these of its methods are not marked, so they are never called: flush."
    assert found["advice"] == "Put @threadtrail.hookimpl above each, or rename what is no hook."


def test_an_exporter_without_a_check(install: Installer, visit: Visit) -> None:
    source = "from threadtrail import hookimpl\nclass E:\n    @hookimpl\n    def export(self, events): ...\n"
    install("acme", {"plain": "plain_exporter:E"}, plain_exporter=source)
    found = visit("--exporter", "plain")
    assert found.of("exporter plain") == [
        ("note", "It starts. It has no hook check, so whether its backend answers is unknown.")
    ]
    assert found.of("configuration") == [NO_FILE, ("ok", "Runs go to plain (--exporter).")]
    assert found.code == 0


@pytest.mark.slow
def test_checks_that_hang_are_given_up_together(answer: Any, install: Installer, visit: Visit) -> None:
    answer("hang")
    install("ajax", {"ajax": "acme_exporter:Exporter"})
    (visit.here / "threadtrail.toml").write_text(
        '[exporters.acme]\nanswer = "hang"\n[exporters.ajax]\nanswer = "hang"\n[exporters.console]\n'
    )
    begun = time.monotonic()
    found = visit("--timeout", "0.2", "--exporter", "acme", "--exporter", "ajax", "--exporter", "console")
    took = time.monotonic() - begun
    sys.modules["acme_exporter"].released.set()
    assert took < PATIENCE  # they hang until they are released
    for name in ("acme", "ajax"):
        assert found.of(f"exporter {name}")[-1] == (
            "problem",
            "Its check did not return within 0.2 seconds.",
        )
    assert found.of("exporter console") == CONSOLE
    assert "shutdown" not in calls()  # not while its check is still under way
    assert found.code == 1


@pytest.mark.parametrize(
    ("does", "words"),
    [
        (
            "unbuildable",
            "answer = 'unbuildable' (environment variable THREADTRAIL_ACME_ANSWER): choose another",
        ),
        ("refuse", "there is no key. Set ACME_KEY."),
        ("crash", "it cannot be started: RuntimeError: boom at start."),
    ],
)
def test_what_instrument_would_refuse(answer: Any, visit: Visit, does: str, words: str) -> None:
    answer(does)
    found = visit()
    assert found.code == 2
    problem = found.only("problem")
    assert problem["message"].endswith(words)
    assert problem["refused"]
    assert ("check", 5.0) not in calls()


def test_settings_in_code_are_asked_for_where_none_are_configured(visit: Visit) -> None:
    (visit.here / "threadtrail.jsonl").mkdir()  # where the exporter's file would be
    hint = "If your program configures the exporter in code, run: threadtrail doctor MODULE."
    assert visit("--exporter", "jsonl").only("problem")["advice"] == hint
    assert visit(visit.program(""), "--exporter", "jsonl").only("problem")["advice"] is None


def test_what_an_exporter_logs_at_its_start_is_reported(answer: Any, visit: Visit) -> None:
    answer("talkative")
    found = visit()
    assert found.of(AREA)[1:3] == [SAYS, ("warning", "acme warns of rain")]
    assert found.code == 0
    assert "rain" not in found.stderr


def test_secrets_are_hidden_in_settings_and_in_the_words_of_a_check(answer: Any, visit: Visit) -> None:
    secret, bearer, password = "sk-acme-123456", "abcdefghijkl", "hunter2222"
    answer(
        "telling",
        api_key=secret,
        headers=f'{{"authorization": "Bearer {bearer}"}}',
        url=f"http://me:{password}@127.0.0.1:1/x?token={password}",
    )
    found = visit()
    whole = str(found.findings)
    for word in (secret, bearer, password):
        assert word not in whole
    assert ("setting", "api_key = (hidden) (environment variable THREADTRAIL_ACME_API_KEY)") in found.of(AREA)
    assert ("setting", "url = 'http://127.0.0.1:1/x' (environment variable THREADTRAIL_ACME_URL)") in (
        found.of(AREA)
    )
    problem = found.only("problem")
    assert problem["message"] == "Refused: (hidden) (hidden)"
    assert problem["advice"] == "Not (hidden)."


def test_one_that_is_not_installed_does_not_keep_the_others_from_being_asked(visit: Visit) -> None:
    found = visit("--exporter", "consle", "--exporter", "console")
    assert found.code == 2
    problem = found.only("problem")
    assert problem["message"] == "exporters = 'consle' (--exporter): there is no such exporter."
    assert problem["advice"].startswith("Did you mean 'console'? ")
    assert found.of("exporter console") == CONSOLE
    assert found.of("exporter consle") == []
    assert ("ok", "Runs go to console (--exporter).") in found.of("configuration")


def test_what_is_wrong_is_nowhere_ok(
    answer: Any, install: Installer, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer("fine", tmie="soon")
    found = visit()
    assert found.code == 2
    assert (
        "option tmie = (hidden) (environment variable THREADTRAIL_ACME_TMIE): "
        in (found.only("problem")["message"])
    )
    assert found.of(AREA)[0][0] == "setting"
    assert "tmie" not in str(found.of(AREA)[:-1])
    found = visit("--exporter", "acmee")
    assert [level for level, _ in found.of("configuration")] == ["setting", "problem"]


def test_an_option_that_is_a_secret_misspelt_is_not_shown(answer: Any, visit: Visit) -> None:
    answer("fine", api_kye="sk-acme-123456")
    found = visit()
    assert "api_kye = (hidden)" in found.only("problem")["message"]
    assert "sk-acme" not in str(found.findings)


def test_a_value_that_does_not_fit_is_no_more_than_a_setting(install: Installer, visit: Visit) -> None:
    install("acme", {"typed": "typed_exporter:E"}, typed_exporter=TYPED)
    (visit.here / "threadtrail.toml").write_text('[exporters.typed]\nseconds = "soon"\n')
    found = visit()
    first, second, (level, problem) = found.of("exporter typed")
    assert first == ("setting", f"seconds = 'soon' (file {visit.here / 'threadtrail.toml'})")
    assert second == ("setting", "path = '/nowhere/at/all', strict = False (default)")
    assert level == "problem"
    assert "option seconds = 'soon'" in problem


def test_a_start_that_fails_names_the_option_in_its_words(
    install: Installer, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("acme", {"typed": "typed_exporter:E"}, typed_exporter=TYPED)
    found = visit(visit.program(""), "--exporter", "typed")
    problem = found.only("problem")
    assert problem["message"] == (
        "option path = '/nowhere/at/all' (default): FileNotFoundError: [Errno 2] No such file or directory: "
        "'/nowhere/at/all'."
    )
    assert problem["advice"] == "Correct it."
    assert problem["refused"]
    monkeypatch.setenv("THREADTRAIL_TYPED_PATH", "/not/there")
    message = visit("--exporter", "typed").only("problem")["message"]
    assert message.startswith("option path = '/not/there' (environment variable THREADTRAIL_TYPED_PATH): ")


def test_a_start_that_fails_for_reasons_of_its_own_is_for_its_maintainer(answer: Any, visit: Visit) -> None:
    answer("crash")
    assert visit().only("problem")["advice"] == (
        "Check its options. If they are right, report this to the exporter's maintainer."
    )


def test_jsonl(visit: Visit) -> None:
    path = visit.here / "runs.jsonl"
    (visit.here / "threadtrail.toml").write_text('[exporters.jsonl]\npath = "runs.jsonl"\n')
    path.write_text("{}\n")
    found = visit()
    assert found.of("exporter jsonl") == [
        ("setting", f"path = 'runs.jsonl' (file {visit.here / 'threadtrail.toml'})"),
        ("ok", f"{path} can be written; it holds 3 bytes."),
    ]
    assert path.read_text() == "{}\n"
    path.unlink()
    (visit.here / "threadtrail.toml").write_text('[exporters.jsonl]\npath = "nowhere/runs.jsonl"\n')
    found = visit()
    assert found.code == 2
    assert found.only("problem")["message"] == (
        f"option path = 'nowhere/runs.jsonl' (file {visit.here / 'threadtrail.toml'}): there is no folder "
        f"'{visit.here / 'nowhere'}'; create it, or choose another path"
    )


def test_a_file_that_goes_away_after_the_start_is_a_problem_of_the_check(tmp_path: Path) -> None:
    from threadtrail import CheckError
    from threadtrail.exporters.jsonl import JsonlExporter

    folder = tmp_path / "there"
    folder.mkdir()
    exporter = JsonlExporter(folder / "runs.jsonl")
    exporter.start()
    (folder / "runs.jsonl").unlink()
    folder.rmdir()
    with pytest.raises(CheckError) as caught:
        exporter.check()
    assert caught.value.problem == f"There is no folder '{folder}'."
    assert caught.value.advice == "Create it, or choose another path."


def test_a_closed_stream_is_a_problem_of_the_console(tmp_path: Path) -> None:
    from threadtrail import CheckError
    from threadtrail.exporters.console import ConsoleExporter

    stream = (tmp_path / "log").open("w")
    exporter = ConsoleExporter(stream)
    assert "log" in exporter.check()
    stream.close()
    with pytest.raises(CheckError, match="it is closed"):
        exporter.check()
