from __future__ import annotations

import pickle
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

import threadtrail
from doc_blocks import blocks
from threadtrail import _install
from threadtrail._text import SECRET_WORDS
from threadtrail.config.settings import Settings, load_settings
from threadtrail.errors import ConfigurationError
from threadtrail.hookspecs import hookimpl

if TYPE_CHECKING:
    from fake_distributions import Installer

CONFIGURATION_PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


class MyExporter:
    """Nothing looks at it before the registry does."""


pytestmark = pytest.mark.usefixtures("here")


def names(settings: Settings) -> list[str | None]:
    return [choice.name for choice in settings.exporters]


def options(settings: Settings, exporter: str) -> dict[str, Any]:
    (choice,) = [choice for choice in settings.exporters if choice.name == exporter]
    return {name: option.value for name, option in choice.options.items()}


def error_of(**keywords: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(**keywords)
    return str(caught.value)


# --- defaults and precedence ---------------------------------------------------------------------


def test_the_page_says_that_the_case_of_a_variable_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    page = CONFIGURATION_PAGE.read_text(encoding="utf-8")
    assert "The case of a variable's name does not matter" in page
    monkeypatch.setenv("threadtrail_exporters", "jsonl")
    monkeypatch.setenv("Threadtrail_Jsonl_Path", "runs.jsonl")
    (choice,) = load_settings().exporters
    assert (choice.name, choice.options["path"].value) == ("jsonl", "runs.jsonl")


def test_without_any_configuration_the_console_is_the_exporter_and_the_defaults_hold() -> None:
    settings = load_settings()
    assert settings == Settings()
    assert names(settings) == ["console"]
    assert settings.capture_content is True
    assert settings.max_content_bytes == 65_536
    assert settings.sample_rate == 1.0


def test_a_key_is_taken_from_keyword_then_environment_then_file_then_default(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "threadtrail.toml").write_text("queue_size = 1\nmax_open_runs = 1\nmax_content_bytes = 1\n")
    monkeypatch.setenv("THREADTRAIL_QUEUE_SIZE", "2")
    monkeypatch.setenv("THREADTRAIL_MAX_OPEN_RUNS", "2")
    settings = load_settings(queue_size=3)
    assert (settings.queue_size, settings.max_open_runs, settings.max_content_bytes) == (3, 2, 1)
    assert settings.sample_rate == 1.0


def test_an_exporters_options_are_merged_one_by_one(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "threadtrail.toml").write_text('[exporters.jsonl]\na = "file"\nb = "file"\nc = "file"\n')
    monkeypatch.setenv("THREADTRAIL_JSONL_B", "environment")
    monkeypatch.setenv("THREADTRAIL_JSONL_C", "environment")
    settings = load_settings(exporters={"jsonl": {"c": "keyword"}})
    assert options(settings, "jsonl") == {"a": "file", "b": "environment", "c": "keyword"}
    (choice,) = settings.exporters
    assert choice.options["a"].origin == f"file {here / 'threadtrail.toml'}"
    assert choice.options["b"].origin == "environment variable THREADTRAIL_JSONL_B"
    assert choice.options["c"].origin == "keyword argument"


def test_which_exporters_is_one_choice_and_the_first_source_makes_it(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "threadtrail.toml").write_text('[exporters.jsonl]\npath = "x.jsonl"\n')
    assert names(load_settings()) == ["jsonl"]
    monkeypatch.setenv("THREADTRAIL_EXPORTERS", "console, jsonl")
    settings = load_settings()
    assert names(settings) == ["console", "jsonl"]
    assert options(settings, "jsonl") == {"path": "x.jsonl"}
    assert names(load_settings(exporters="console")) == ["console"]


def test_a_keyword_of_none_counts_as_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADTRAIL_EXPORTERS", "jsonl")
    monkeypatch.setenv("THREADTRAIL_CAPTURE_CONTENT", "no")
    settings = load_settings(exporters=None, capture_content=None)
    assert names(settings) == ["jsonl"]
    assert settings.capture_content is False


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("EXPORTERS", "SAMPLE_RATE", "CONFIG", "DISABLED", "JSONL_PATH", "REDACT"):
        monkeypatch.setenv(f"THREADTRAIL_{variable}", "")
    assert load_settings() == Settings()


def test_settings_alone_look_at_no_environment_and_no_file(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "threadtrail.toml").write_text("queue_size = 1\n")
    monkeypatch.setenv("THREADTRAIL_SAMPLE_RATE", "0")
    assert (Settings().queue_size, Settings().sample_rate) == (10_000, 1.0)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        load_settings().queue_size = 1


# --- forms of exporters --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        "console,jsonl",
        ["console", "jsonl"],
        ("console", "jsonl"),
        {"console": True, "jsonl": {}},
        {"console": None, "jsonl": {}, "langfuse": False},
        ["console", {"jsonl": {}}],
    ],
)
def test_exporters_can_be_chosen_in_several_forms(form: object) -> None:
    assert names(load_settings(exporters=form)) == ["console", "jsonl"]


def test_objects_can_stand_alone_in_a_list_and_in_a_table_under_a_name() -> None:
    exporter = MyExporter()
    assert load_settings(exporters=exporter).exporters[0].instance is exporter
    first, second = load_settings(exporters=["jsonl", exporter]).exporters
    assert (first.name, second.name, second.instance) == ("jsonl", None, exporter)
    (named,) = load_settings(exporters={"mine": exporter}).exporters
    assert (named.name, named.instance) == ("mine", exporter)


@pytest.mark.parametrize("form", [[], {}, "none", {"console": False}])
def test_no_exporters_at_all_is_a_choice(form: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADTRAIL_EXPORTERS", "jsonl")
    assert load_settings(exporters=form).exporters == ()


def test_letters_of_a_variable_may_be_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("threadtrail_sample_rate", "0.5")
    assert load_settings(exporters=[]).sample_rate == 0.5


def test_no_exporters_at_all_can_be_chosen_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADTRAIL_EXPORTERS", "none")
    assert load_settings().exporters == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('exporters = "console"', {"console": {}}),
        ('exporters = ["console", "jsonl"]', {"console": {}, "jsonl": {}}),
        ('[exporters.jsonl]\npath = "x"\n[exporters.console]', {"jsonl": {"path": "x"}, "console": {}}),
        ('[exporters]\nconsole = true\njsonl = {path = "x"}', {"console": {}, "jsonl": {"path": "x"}}),
        ('exporters = ["console", {jsonl = {path = "x"}}]', {"console": {}, "jsonl": {"path": "x"}}),
        ("exporters = []", {}),
    ],
)
def test_forms_of_the_file(here: Path, text: str, expected: dict[str, Any]) -> None:
    (here / "threadtrail.toml").write_text(text)
    settings = load_settings()
    assert {str(name): options(settings, str(name)) for name in names(settings)} == expected


@pytest.mark.parametrize(
    "form", [5, True, b"console", [None], "", ",", {"jsonl": "runs.jsonl"}, {"jsonl": 3}]
)
def test_other_forms_are_refused(form: object) -> None:
    text = error_of(exporters=form)
    assert text.startswith("exporters")
    assert "(keyword argument): it must be a " in text


def test_a_class_in_place_of_an_object_is_refused() -> None:
    text = error_of(exporters=[MyExporter])
    assert "write MyExporter(...) and not MyExporter" in text


def test_names_and_options_must_be_text() -> None:
    assert "exporters = 1 (keyword argument)" in error_of(exporters={1: {}})
    assert "exporters.jsonl = 2 (keyword argument)" in error_of(exporters={"jsonl": {2: "x"}})


def test_an_exporter_named_twice_is_refused() -> None:
    text = error_of(exporters=["console", "jsonl", "console"])
    assert "exporters = 'console' (keyword argument): it is chosen 2 times. Choose it once." in text


def test_names_without_commas_are_shown_with_them() -> None:
    assert "Separate names by commas: console,jsonl." in error_of(exporters="console jsonl")


def test_who_looks_for_their_own_exporter_is_told_of_entry_points() -> None:
    needs = "One of your own needs an entry point in the group 'threadtrail.exporters'."
    assert needs in error_of(exporters="my-own")
    assert needs not in error_of(exporters="langfues")


# --- environment ---------------------------------------------------------------------------------


def test_every_setting_but_redact_has_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "exporters": "jsonl",
        "capture_content": "off",
        "max_content_bytes": "7",
        "fetch_run_details": "TRUE",
        "settle_seconds": "0",
        "tool_wait_seconds": "3",
        "run_timeout_seconds": "2.5",
        "sample_rate": "0.25",
        "queue_size": "8",
        "max_open_runs": "9",
        "publish_runs": "finished",
        "propagate": "celery, rq",
        "shutdown_timeout_seconds": "1",
        "flush_on_sigterm": "yes",
        "disabled": "0",
    }
    assert {*values, "redact"} == set(Settings.model_fields)
    for key, value in values.items():
        monkeypatch.setenv(f"THREADTRAIL_{key.upper()}", value)
    assert load_settings().model_dump(exclude={"exporters", "redact"}) == {
        "capture_content": False,
        "max_content_bytes": 7,
        "fetch_run_details": True,
        "settle_seconds": 0.0,
        "tool_wait_seconds": 3.0,
        "run_timeout_seconds": 2.5,
        "sample_rate": 0.25,
        "queue_size": 8,
        "max_open_runs": 9,
        "publish_runs": "finished",
        "propagate": ("celery", "rq"),
        "shutdown_timeout_seconds": 1.0,
        "flush_on_sigterm": True,
        "disabled": False,
    }


def test_an_option_of_an_exporter_that_is_not_chosen_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADTRAIL_JSONL_PATH", "x")
    monkeypatch.setenv("THREADTRAIL_LANGFUSE_SECRET_KEY", "sk-lf-1")  # known, although not installed
    assert load_settings() == Settings()


def test_names_with_dashes_and_the_longest_name_that_fits(
    install: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("my-exporters", {"my": "nowhere:A", "my-own": "nowhere:B", "under_scored": "nowhere:C"})
    monkeypatch.setenv("THREADTRAIL_MY_PATH", "a")
    monkeypatch.setenv("THREADTRAIL_MY_OWN_PATH", "b")
    monkeypatch.setenv("THREADTRAIL_UNDER_SCORED_MAX_SIZE", "c")
    settings = load_settings(exporters=["my", "my-own", "under_scored"])
    assert options(settings, "my") == {"path": "a"}
    assert options(settings, "my-own") == {"path": "b"}
    assert options(settings, "under_scored") == {"max_size": "c"}


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("THREADTRAIL_CAPTURE_CONTNET", "THREADTRAIL_CAPTURE_CONTENT"),
        ("THREADTRAIL_EXPORTER", "THREADTRAIL_EXPORTERS"),
        ("THREADTRAIL_CONFIGG", "THREADTRAIL_CONFIG"),
        ("THREADTRAIL_LANGFUES_BASE_URL", "THREADTRAIL_LANGFUSE_BASE_URL"),
    ],
)
def test_a_misspelt_variable_is_refused(variable: str, meant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "false")
    text = error_of()
    assert f"{variable} = 'false' (environment)" in text
    assert f"Did you mean {meant!r}?" in text
    assert "THREADTRAIL_JSONL_<OPTION>" in text


def test_a_variable_that_resembles_nothing_is_refused_and_its_value_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("THREADTRAIL_ZZZZ", "may-be-a-password")
    text = error_of()
    assert "THREADTRAIL_ZZZZ = (hidden)" in text
    assert "may-be-a-password" not in text


# --- disabled ------------------------------------------------------------------------------------


def test_disabled_in_the_environment_wins_over_the_keyword_and_over_every_error(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "threadtrail.toml").write_text("this is not TOML")
    monkeypatch.setenv("THREADTRAIL_DISABLED", "1")
    monkeypatch.setenv("THREADTRAIL_NONSENSE", "1")
    settings = load_settings(disabled=False, exporters="no-such-exporter", nonsense=True)
    assert settings == Settings(disabled=True, exporters=())


def test_disabled_zero_in_the_environment_is_an_ordinary_value(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "threadtrail.toml").write_text("disabled = true")
    monkeypatch.setenv("THREADTRAIL_DISABLED", "0")
    assert load_settings().disabled is False
    assert load_settings(disabled=True).disabled is True


def test_disabled_with_a_strange_value_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADTRAIL_DISABLED", "perhaps")
    assert "disabled = 'perhaps' (environment variable THREADTRAIL_DISABLED)" in error_of()


def test_what_is_disabled_needs_no_exporter_installed() -> None:
    assert load_settings(disabled=True, exporters="no-such-exporter").disabled is True


# --- files ---------------------------------------------------------------------------------------


def test_the_own_file_comes_before_pyproject(here: Path) -> None:
    (here / "pyproject.toml").write_text("[tool.threadtrail]\nqueue_size = 1\nmax_open_runs = 1\n")
    assert load_settings().queue_size == 1
    (here / "threadtrail.toml").write_text("queue_size = 2\n")
    settings = load_settings()
    assert (settings.queue_size, settings.max_open_runs) == (2, 10_000)


def test_the_nearest_pyproject_above_counts_and_no_other(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "pyproject.toml").write_text("[tool.threadtrail]\nqueue_size = 1\n")
    deep = here / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert load_settings().queue_size == 1
    (here / "a" / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    assert load_settings().queue_size == 10_000


def test_a_file_can_be_named(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "threadtrail.toml").write_text("queue_size = 1\n")
    (tmp_path / "other.toml").write_text("queue_size = 2\n")
    monkeypatch.setenv("THREADTRAIL_CONFIG", str(tmp_path / "other.toml"))
    assert load_settings().queue_size == 2
    (tmp_path / "pyproject.toml").write_text("[tool.threadtrail]\nqueue_size = 3\n")
    monkeypatch.setenv("THREADTRAIL_CONFIG", str(tmp_path / "pyproject.toml"))
    assert load_settings().queue_size == 3


def test_a_named_file_that_does_not_exist_is_an_error(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THREADTRAIL_CONFIG", "gone.toml")
    text = error_of()
    assert "THREADTRAIL_CONFIG = 'gone.toml' (environment variable): there is no such file" in text
    assert str(here / "gone.toml") in text
    monkeypatch.setenv("THREADTRAIL_CONFIG", str(tmp_path))
    assert "there is no such file" in error_of()
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    monkeypatch.setenv("THREADTRAIL_CONFIG", str(tmp_path / "pyproject.toml"))
    assert "Add a table [tool.threadtrail]" in error_of()


@pytest.mark.parametrize("name", ["threadtrail.toml", "pyproject.toml"])
def test_invalid_toml_is_reported_with_path_and_line(here: Path, name: str) -> None:
    (here / name).write_text("# one\n# two\nqueue_size = = 1\n")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert str(here / name) in str(caught.value)
    assert "line 3" in str(caught.value)
    assert caught.value.__cause__ is not None


def test_a_file_that_is_not_utf_8_is_reported(here: Path) -> None:
    (here / "threadtrail.toml").write_bytes(b"queue_size = '\xff'")
    assert "it is not valid TOML" in error_of()


def test_a_file_that_cannot_be_read_is_reported(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = here / "threadtrail.toml"
    path.write_text("")

    def refuse(_file: object) -> None:  # as it would be; but whoever runs the tests as root may read any file
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tomllib, "load", refuse)
    text = error_of()
    assert str(path) in text
    assert "cannot be read: Permission denied" in text


@pytest.mark.parametrize(
    "text", ["tool = 1", "[tool]\nthreadtrail = 'x'", "tool = []", "[[tool.threadtrail]]"]
)
def test_a_table_that_is_none_is_reported(here: Path, text: str) -> None:
    (here / "pyproject.toml").write_text(text)
    assert "tool.threadtrail must be a table" in error_of()


def test_a_pyproject_without_settings_of_threadtrail_is_fine(here: Path) -> None:
    (here / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert load_settings() == Settings()


def test_a_deleted_current_directory_holds_no_file(here: Path) -> None:
    here.rmdir()
    assert load_settings() == Settings()


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("capture_content", "maybe", "true or false"),
        ("capture_content", 3, "true or false"),
        ("max_content_bytes", 0, "a whole number, 1 or more"),
        ("max_content_bytes", True, "a whole number, 1 or more"),
        ("max_content_bytes", 1.5, "a whole number, 1 or more"),
        ("queue_size", -1, "a whole number, 1 or more"),
        ("max_open_runs", "many", "a whole number, 1 or more"),
        ("publish_runs", "some", "'all', 'finished' or 'none'"),
        ("propagate", "kafka", "a list of 'celery', 'rq', 'asgi'"),
        ("propagate", ["rq", "kafka"], "a list of 'celery', 'rq', 'asgi'"),
        ("propagate", 1, "a list of 'celery', 'rq', 'asgi'"),
        ("sample_rate", 1.01, "a number from 0 to 1"),
        ("sample_rate", -0.1, "a number from 0 to 1"),
        ("sample_rate", float("nan"), "a number from 0 to 1"),
        ("sample_rate", "half", "a number from 0 to 1"),
        ("settle_seconds", -1, "a number of seconds from 0"),
        ("settle_seconds", [1], "a number of seconds from 0"),
        ("run_timeout_seconds", float("inf"), "a number of seconds from 0"),
        ("shutdown_timeout_seconds", "soon", "a number of seconds from 0"),
        ("flush_on_sigterm", "SIGTERM", "true or false"),
        ("redact", "not callable", "a function, not async"),
    ],
)
def test_a_wrong_value_is_reported_with_its_key_value_origin_and_what_is_allowed(
    key: str, value: object, allowed: str
) -> None:
    text = error_of(**{key: value})
    assert text.startswith(f"{key} = {value!r} (keyword argument): it must be {allowed}")
    assert f"leave it out for the default, {Settings.model_fields[key].default!r}." in text


def test_an_async_redact_is_refused() -> None:
    async def redact(text: str) -> str:
        return text

    assert "not async" in error_of(redact=redact)


def test_redact_is_taken_as_it_is() -> None:
    assert load_settings(redact=str.upper).redact is str.upper


def test_redact_outside_of_a_keyword_is_reported(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "threadtrail.toml").write_text('redact = "my.module"')
    monkeypatch.setenv("THREADTRAIL_REDACT", "my.module")
    text = error_of()
    assert f"redact = 'my.module' (file {here / 'threadtrail.toml'})" in text
    assert "redact = 'my.module' (environment variable THREADTRAIL_REDACT)" in text
    assert "threadtrail.instrument(redact=my_function)" in text


def test_a_wrong_value_names_the_variable_or_the_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "threadtrail.toml").write_text('queue_size = "big"')
    monkeypatch.setenv("THREADTRAIL_SAMPLE_RATE", "2")
    text = error_of()
    assert f"queue_size = 'big' (file {here / 'threadtrail.toml'})" in text
    assert "sample_rate = '2' (environment variable THREADTRAIL_SAMPLE_RATE)" in text


def test_a_misspelt_key_is_reported_with_what_was_meant(here: Path) -> None:
    (here / "threadtrail.toml").write_text("sampel_rate = 0.5")
    text = error_of(capture_contents=False)
    assert "capture_contents = False (keyword argument): there is no such setting." in text
    assert "Did you mean 'capture_content'?" in text
    assert f"sampel_rate = 0.5 (file {here / 'threadtrail.toml'})" in text
    assert "max_content_bytes" in text


def test_what_is_a_keyword_only_is_not_offered_elsewhere(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "threadtrail.toml").write_text("redacts = true")
    monkeypatch.setenv("THREADTRAIL_REDACTS", "1")
    in_file, in_environment = error_of().split("\n")[1:]
    assert "redacts = True (file" in in_file
    assert "Settings: exporters, capture_content, max_content_bytes," in in_file
    assert "THREADTRAIL_REDACTS" in in_environment
    assert "THREADTRAIL_QUEUE_SIZE" in in_environment
    for text in (in_file, in_environment):
        assert not re.search(r"redact\b", text, re.IGNORECASE)
    assert "redact, " in error_of(redactt=len).split("\n")[1]


@pytest.mark.parametrize(
    "text", ["[tool.threadtrail]\nqueue_size = 5", "[tool.threadtrail.exporters.jsonl]\npath = 'x'"]
)
def test_the_table_of_pyproject_in_another_file_is_explained(here: Path, text: str) -> None:
    (here / "threadtrail.toml").write_text(text)
    assert error_of() == (
        f"[tool.threadtrail] (file {here / 'threadtrail.toml'}): this table is for pyproject.toml; any other "
        "file has the settings at the top. Leave out [tool.threadtrail], and write [exporters.NAME] for "
        "[tool.threadtrail.exporters.NAME]."
    )


def test_a_table_of_another_tool_in_our_own_file_is_a_misspelt_key(here: Path) -> None:
    (here / "threadtrail.toml").write_text("[tool.other]\nqueue_size = 5")
    assert "tool = (hidden)" in error_of()


def test_the_text_of_a_misspelt_option_is_shown_only_if_what_was_meant_is_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("THREADTRAIL_JSNOL_PATH", "runs.jsonl")
    monkeypatch.setenv("THREADTRAIL_LANGFUES_SECRET_KEY", "sk-1")
    text = error_of()
    assert "THREADTRAIL_JSNOL_PATH = 'runs.jsonl'" in text
    assert "THREADTRAIL_LANGFUES_SECRET_KEY = (hidden)" in text


def test_an_unknown_exporter_is_reported_with_the_choices_and_the_command() -> None:
    text = error_of(exporters=["langfues", "agentops", "honeycomb"])
    assert "'langfues' (keyword argument): there is no such exporter. Did you mean 'langfuse'?" in text
    assert f"Install it: {_install.plugin_command('agentops')}." in text
    assert "'honeycomb' (keyword argument): there is no such exporter." in text
    assert "Installed: console, jsonl" in text


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("otel", "opentelemetry"),
        ("OTLP", "opentelemetry"),
        ("opentelemetry-otlp", "opentelemetry"),
        ("open_telemetry", "opentelemetry"),
        ("stdout", "console"),
        ("json", "jsonl"),
        ("valkey", "redis"),
    ],
)
def test_what_an_exporter_is_also_called_is_understood(name: str, meant: str) -> None:
    assert f"there is no such exporter. Did you mean {meant!r}?" in error_of(exporters=name)


def test_an_option_of_what_an_exporter_is_also_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADTRAIL_OTEL_ENDPOINT", "http://localhost:4318")
    assert "Did you mean 'THREADTRAIL_OPENTELEMETRY_ENDPOINT'?" in error_of()


def test_all_problems_are_reported_at_once(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "threadtrail.toml").write_text("= ")
    monkeypatch.setenv("THREADTRAIL_QUEUE_SIZE", "x")
    monkeypatch.setenv("THREADTRAIL_QUEUE_SIZES", "1")
    with pytest.raises(ConfigurationError) as caught:
        load_settings(sample_rate=5, exporters="consol", redcat=len)
    assert len(caught.value.problems) == 6
    assert str(caught.value).startswith("6 problems with the configuration:\n  - ")


def test_values_that_may_be_secret_are_never_shown(here: Path) -> None:
    (here / "threadtrail.toml").write_text('langfuse_secert = "tok-1"\n[exporters]\njsonl = "x"\n')
    text = error_of(api_key="sk-2", secret_token=3, exporters={"jsonl": {"password": "pw-4"}, 5: {}})
    for secret in ("tok-1", "sk-2", "= 3", "pw-4"):
        assert secret not in text


def test_options_are_not_in_the_repr_of_settings() -> None:
    settings = load_settings(exporters={"jsonl": {"secret_key": "sk-1", "url": "https://me:pw@host"}})
    assert "sk-1" not in repr(settings)
    assert "pw@host" not in repr(settings)


def test_the_error_can_be_pickled() -> None:
    error = pickle.loads(pickle.dumps(ConfigurationError("one", "two")))  # noqa: S301 - our own bytes
    assert error.problems == ("one", "two")
    assert str(ConfigurationError("one")) == "one"


def test_errors_can_be_imported_without_pydantic() -> None:
    program = "import sys, threadtrail.errors; sys.exit('pydantic' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


# --- documentation -------------------------------------------------------------------------------


def test_every_setting_is_documented_with_its_variable_and_default() -> None:
    page = CONFIGURATION_PAGE.read_text()
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `")}
    for key, field in Settings.model_fields.items():
        assert key in rows, key
        if key != "redact":
            assert f"`THREADTRAIL_{key.upper()}`" in rows[key]
        if key not in {"redact", "exporters"}:
            default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
            default = "[]" if field.default == () else default
            assert f"`{default}`" in rows[key]


@pytest.mark.parametrize("text", blocks(CONFIGURATION_PAGE, "toml"))
def test_files_on_the_page_are_accepted(here: Path, text: str) -> None:
    name = "pyproject.toml" if "[tool.threadtrail]" in text else "threadtrail.toml"
    (here / name).write_text(text)
    settings = load_settings()
    assert settings != Settings()
    assert "jsonl" in names(settings)


def test_variables_on_the_page_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    (text,) = blocks(CONFIGURATION_PAGE, "bash")
    for variable, value in re.findall(r"export (\w+)=(.*)", text):
        monkeypatch.setenv(variable, value)
    settings = load_settings()
    assert names(settings) == ["console", "jsonl"]
    assert options(settings, "jsonl") == {"path": "/var/log/runs.jsonl"}
    assert settings.capture_content is False


def test_programs_on_the_page_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Settings] = []
    monkeypatch.setattr(
        threadtrail, "instrument", lambda **keywords: given.append(load_settings(**keywords)), raising=False
    )
    monkeypatch.setattr(threadtrail, "hookimpl", hookimpl, raising=False)
    for program in blocks(CONFIGURATION_PAGE, "python"):
        exec(compile(program, CONFIGURATION_PAGE.name, "exec"), {})  # noqa: S102 - our own page
    assert [names(settings) for settings in given] == [
        ["console"],
        ["jsonl"],
        ["console", "jsonl"],
        ["jsonl", "console"],
        ["console", None],
        ["jsonl", "counter"],
    ]


def test_the_message_on_the_page_is_the_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADTRAIL_SAMPLE_RATE", "2")
    assert blocks(CONFIGURATION_PAGE, "text")[-1] == error_of() + "\n"


def test_the_words_that_mark_a_secret_are_on_the_page() -> None:
    page = CONFIGURATION_PAGE.read_text()
    for word in SECRET_WORDS:
        assert f"`{word}`" in page
