"""The user's program: imported as Python would, and what it sets up is what is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import threadtrail
from doctors_visit import CONSOLE, NO_FILE
from threadtrail.instrumentation.install import patches

if TYPE_CHECKING:
    from doctors_visit import Visit

SWITCHED_ON = """
    import threadtrail
    from threadtrail import CheckError, hookimpl

    class Mine:
        calls = []

        @hookimpl
        def start(self):
            self.calls.append("start")

        @hookimpl
        def export(self, events): ...

        @hookimpl
        def check(self):
            self.calls.append("check")
            raise CheckError("My backend is not there.", "Start it.")

        @hookimpl
        def shutdown(self):
            self.calls.append("shutdown")

    def keep(text):
        return text

    mine = Mine()
    threadtrail.instrument(exporters=[mine, "console"], sample_rate=0.5, redact=keep)
"""


def test_a_module_a_dotted_module_and_a_file(visit: Visit) -> None:
    visit.program("import helper_beside", "visited_app")
    visit.program("", "helper_beside")
    package = visit.here / "visited_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "main.py").touch()
    for name in ("visited_app", "visited_package.main", "visited_app.py", str(visit.here / "visited_app.py")):
        assert visit(name).of("program") == [
            ("ok", f"{name} is imported."),
            ("note", f"{name} did not call threadtrail.instrument() while it was imported."),
        ]


def test_a_program_that_did_not_switch_it_on_is_told_so(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = "import threadtrail\n\ndef main():\n    threadtrail.instrument()\n"
    found = visit(visit.program(main))
    assert found.only("note") == {
        "level": "note",
        "area": "program",
        "message": "visited_app did not call threadtrail.instrument() while it was imported.",
        "advice": "Nothing is recorded until your program calls it. A call in a function, or below "
        'if __name__ == "__main__", is not seen here.',
        "refused": False,
    }
    assert found.code == 0
    monkeypatch.setenv("THREADTRAIL_DISABLED", "1")
    assert visit("visited_app").messages("note") == []


@pytest.mark.parametrize("after", ["", "threadtrail.uninstrument()"])
def test_a_program_that_switched_it_on_is_not_told_so(visit: Visit, after: str) -> None:
    found = visit(visit.program(f"import threadtrail\nthreadtrail.instrument()\n{after}"))
    assert found.of("program") == [("ok", "visited_app is imported.")]


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("raise RuntimeError('no database')", "RuntimeError: no database"),
        ("import sys; sys.exit(4)", "ExitedError: it exits with 4"),
        ("import not_there_at_all", "ModuleNotFoundError: No module named 'not_there_at_all'"),
    ],
)
def test_a_program_that_cannot_be_imported_is_a_problem(visit: Visit, source: str, error: str) -> None:
    found = visit(visit.program(source))
    assert found.code == 1
    problem = found.only("problem")
    assert problem["message"] == f"visited_app cannot be imported: {error}."
    assert (
        problem["advice"] == "Correct that first. The findings below do not include what the program sets up."
    )
    assert found.of("configuration") != []


def test_one_that_is_not_there(visit: Visit) -> None:
    assert "No module named 'nowhere'" in visit("nowhere").only("problem")["message"]
    assert "No such file" in visit("nowhere.py").only("problem")["message"]


def test_a_wrong_configuration_in_the_program_is_reported_as_such(visit: Visit) -> None:
    found = visit(
        visit.program("import threadtrail\nthreadtrail.instrument(sample_rate=2, settle_seconds=-1)")
    )
    assert found.code == 2
    messages = [message for _, message in found.of("program")]
    assert len(messages) == 2
    assert messages[0].startswith("visited_app cannot be imported: ")
    assert "sample_rate = 2 (keyword argument): it must be a number" in str(messages)


def test_what_the_program_has_switched_on_is_what_is_looked_at(visit: Visit) -> None:
    import sys

    found = visit(visit.program(SWITCHED_ON))
    assert found.of("configuration") == [
        NO_FILE,
        ("ok", "Runs go to Mine, console (keyword argument)."),
        ("setting", "redact = keep (set by the program)"),
        ("setting", "sample_rate = 0.5 (set by the program)"),
    ]
    assert found.only("problem")["message"] == "My backend is not there."
    assert found.of("exporter console") == CONSOLE
    assert ("ok", "All 103 methods that threadtrail patches exist.") in found.of("sdk")
    # The program's own object was started by the program, and is neither started again nor closed.
    assert sys.modules["visited_app"].mine.calls == ["start", "check"]
    assert threadtrail.status().active
    assert found.code == 1


def test_exporters_that_are_named_are_looked_at_instead(visit: Visit) -> None:
    found = visit(visit.program(SWITCHED_ON), "--exporter", "console")
    assert found.of("configuration") == [NO_FILE, ("ok", "Runs go to console (--exporter).")]
    assert found.code == 0


def test_the_doctor_leaves_the_sdk_as_it_was(visit: Visit) -> None:
    from openai.resources.beta.threads.runs.runs import Runs

    before = dict(vars(Runs))
    assert visit().code == 0
    assert dict(vars(Runs)) == before
    assert patches.patched == ()
    assert not threadtrail.status().active
