"""Problems as values: their texts and their secrets, and the error that carries them."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from threadtrail._text import CONCEALED
from threadtrail.config.problems import Problem, Problems, error_of, problems_of
from threadtrail.config.settings import read_settings
from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("here")

SECRET = "sk-acme-123456"


# --- one problem ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem(says="there is no key."), "there is no key."),
        (
            Problem("queue_size", says="it is required.", advice="Set it."),
            "queue_size: it is required. Set it.",
        ),
        (
            Problem("queue_size", 0, "file x.toml", "it must be 1 or more.", "Correct it."),
            "queue_size = 0 (file x.toml): it must be 1 or more. Correct it.",
        ),
        (Problem("redact", None, says="it is None."), "redact = None: it is None."),
        (Problem(says="no luck", exporter="one"), "exporter 'one': no luck"),
        (
            Problem("path", "x", "default", "no", exporter="one", package="module:One, from one 1.0"),
            "exporter 'one' (module:One, from one 1.0): option path = 'x' (default): no",
        ),
    ],
)
def test_the_text_of_a_problem(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_the_message_leaves_out_the_exporter_and_the_advice() -> None:
    problem = Problem(
        "path", "x", "default", "it is gone.", "Create it.", exporter="one", package="m, from one 1"
    )
    assert problem.message == "option path = 'x' (default): it is gone."


def test_a_problem_becomes_text_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[Problem] = []
    render = Problem.__str__

    def noted(problem: Problem) -> str:
        rendered.append(problem)
        return render(problem)

    monkeypatch.setattr(Problem, "__str__", noted)
    problems = Problems()
    problems.add(Problem("queue_size", 0, says="it must be 1 or more."))
    assert problems
    assert not rendered, "collecting and looking at problems needs no text"
    with pytest.raises(ConfigurationError) as caught:
        problems.raise_if_any()
    assert caught.value.problems == ("queue_size = 0: it must be 1 or more.",)
    assert str(caught.value) == caught.value.problems[0]
    assert problems_of(caught.value) == tuple(problems) == tuple(rendered)
    assert len(rendered) == 1


def test_each_problem_of_a_reading_has_its_key_value_origin_and_advice(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "threadtrail.toml").write_text("queue_size = 0\n")
    monkeypatch.setenv("THREADTRAIL_SAMPEL_RATE", "0.5")
    found = {problem.key: problem for problem in read_settings({"exporters": "consle"}).problems}
    assert found["queue_size"] == Problem(
        "queue_size",
        0,
        f"file {here / 'threadtrail.toml'}",
        "it must be a whole number, 1 or more.",
        "Correct it, or leave it out for the default, 10000.",
    )
    assert found["THREADTRAIL_SAMPEL_RATE"].value == "0.5"
    assert found["THREADTRAIL_SAMPEL_RATE"].advice.startswith("Did you mean 'THREADTRAIL_SAMPLE_RATE'? ")
    assert (found["exporters"].value, found["exporters"].origin) == ("consle", "keyword argument")


def test_the_origin_of_keywords_can_be_named() -> None:
    (problem,) = read_settings({"exporters": "consle"}, origin="--exporter").problems
    assert problem.origin == "--exporter"


# --- secrets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "problem",
    [
        Problem("api_key", SECRET, "default", "it is wrong."),
        Problem("headers", {"authorization": f"Bearer {SECRET}"}, says="it is wrong."),
        Problem("options", {"user": "me", "password": SECRET}, says="it is wrong."),
        Problem("url", f"https://me:{SECRET}@host/path?token={SECRET}", says="it is wrong."),
        Problem("api_kye", CONCEALED, says="there is no such option."),
    ],
)
def test_a_secret_is_hidden_in_every_text(problem: Problem) -> None:
    problems = Problems()
    problems.add(problem, problem)
    with pytest.raises(ConfigurationError) as caught:
        problems.raise_if_any()
    texts = [str(problem), problem.message, repr(problem), str(caught.value), repr(caught.value)]
    texts += caught.value.problems
    assert all(SECRET not in text for text in texts)
    assert "url = 'https://host/path'" in texts[0] or "(hidden)" in texts[0]


def test_a_secret_is_hidden_where_an_author_names_the_option() -> None:
    error = ConfigurationError("nobody knows it", option="api_key", value=SECRET)
    assert str(error) == "api_key=(hidden): nobody knows it"
    address = ConfigurationError("nobody is there", option="url", value=f"https://me:{SECRET}@host")
    assert str(address) == "url='https://host': nobody is there"


# --- the error ------------------------------------------------------------------------------------


def test_the_error_keeps_its_public_shape() -> None:
    plain = ConfigurationError("one", "two")
    assert plain.problems == plain.args == ("one", "two")
    assert str(plain) == "2 problems with the configuration:\n  - one\n  - two"
    named = ConfigurationError("choose another", option="path", value="/nope/x")
    assert named.problems == ("path='/nope/x': choose another",)
    assert (named.option, named.value) == ("path", "/nope/x")
    for error in (plain, named, error_of(Problem("stream", open, says="it is closed."))):
        copied = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
        assert copied.problems == error.problems
