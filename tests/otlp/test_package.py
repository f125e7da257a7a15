"""The package for exporters that send by OTLP: it costs nothing unused, and its smaller parts."""

from __future__ import annotations

import pytest

from doc_blocks import ROOT
from fresh_process import imported_by
from threadtrail import otlp
from threadtrail.errors import CheckError
from threadtrail.otlp.run_content import instruction_texts, parsed, step_before
from threadtrail.testing.samples import sample_runs
from threadtrail.values import RunRequest

MODULES = sorted(
    file.stem for file in (ROOT / "src" / "threadtrail" / "otlp").glob("*.py") if file.stem != "__init__"
)


def test_importing_it_imports_nothing_else() -> None:
    assert imported_by("import threadtrail.otlp", after="import threadtrail") == {"threadtrail.otlp"}


@pytest.mark.parametrize("module", MODULES)
def test_its_modules_are_listed(module: str) -> None:
    assert f"- ``{module}``: " in (otlp.__doc__ or "")


def test_the_error_of_a_redirect() -> None:
    pytest.importorskip("requests")
    from threadtrail.otlp.checking import redirect_error
    from threadtrail.otlp.session import Answer

    error = redirect_error(
        "http://x.test", Answer(308, "", "http://y.test"), backend="a collector", setting="ENDPOINT."
    )
    assert isinstance(error, CheckError)
    assert "http://x.test redirects to http://y.test (HTTP 308)" in error.problem
    assert error.advice.endswith("If a collector is at that address, set it: ENDPOINT.")
    error = redirect_error("http://x.test", Answer(302, ""), backend="a collector", setting="ENDPOINT.")
    assert "(HTTP 302)" in error.problem
    assert error.advice.endswith("the address of a collector itself: ENDPOINT.")


# --- what is shown of a run --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instructions", "additional", "texts"),
    [
        (None, None, []),
        ("Be kind.", None, ["Be kind."]),
        ("Be kind.", "Be short.", ["Be kind.", "Be short."]),
        ("Be kind. Be short.", "Be short.", ["Be kind. Be short."]),
        (None, "Be short.", ["Be short."]),
    ],
)
def test_instructions(instructions: str | None, additional: str | None, texts: list[str]) -> None:
    request = RunRequest(instructions=instructions, additional_instructions=additional)
    assert instruction_texts(request) == texts


def test_the_step_before() -> None:
    run = sample_runs()["parallel_function_calls"]
    first, second, *_ = run.steps
    assert step_before(run, second) is first
    assert step_before(run, first) is None
    assert step_before(run, None) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [('{"a": 1}', {"a": 1}), ("[1]", [1]), ("1", "1"), ("text", "text"), ("", ""), (None, None)],
)
def test_json_texts(text: str | None, value: object) -> None:
    assert parsed(text) == value
    assert parsed("[" * 100_000) == "[" * 100_000
