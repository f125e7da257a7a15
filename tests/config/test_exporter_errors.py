"""What exporters raise while they are built or started, in the error and in the commands."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from threadtrail import cli
from threadtrail.config import registry
from threadtrail.config.choice import Option
from threadtrail.config.exporter_errors import NOT_EXPLAINED, problems_raised
from threadtrail.config.problems import Problem, Problems, error_of
from threadtrail.config.settings import Settings, load_settings
from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from fake_distributions import Installer

pytestmark = pytest.mark.usefixtures("here")

SECRET = "sk-acme-123456"

OPTIONS = {
    "path": Option(Path("/nope/x"), "keyword argument"),
    "size": Option(3, "environment variable THREADTRAIL_ONE_SIZE"),
}


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            ConfigurationError("there is no folder", option="path", value=Path("/nope/x")),
            "option path = '/nope/x' (keyword argument): there is no folder",
        ),
        (
            ConfigurationError("there is no folder", option="path"),
            "option path = '/nope/x' (keyword argument): there is no folder",
        ),
        (
            ConfigurationError("path='/nope/x': there is no folder"),
            "option path = '/nope/x' (keyword argument): there is no folder",
        ),
        (
            ConfigurationError("path: there is no folder"),
            "option path = '/nope/x' (keyword argument): there is no folder",
        ),
        (
            ConfigurationError("path='/NOPE/X': there is no folder"),
            "option path (keyword argument): path='/NOPE/X': there is no folder",
        ),
        (ConfigurationError("unknown", option="colour", value=1), "option colour = 1: unknown"),
        (ConfigurationError("exporter 'one': no luck"), "no luck"),
        (ConfigurationError("exporter 'two': no luck"), "exporter 'two': no luck"),
        (ConfigurationError("paths are hard"), "paths are hard"),
        (
            FileNotFoundError(2, "No such file", "/nope/x"),
            "option path = '/nope/x' (keyword argument): FileNotFoundError: [Errno 2] No such file",
        ),
        (FileNotFoundError(2, "No such file", "/other"), "it failed: FileNotFoundError: "),
        (LookupError("no luck"), f"it failed: LookupError: no luck. {NOT_EXPLAINED}"),
    ],
)
def test_what_an_author_raises_is_read_once(error: Exception, text: str) -> None:
    (problem,) = problems_raised(error, "one", OPTIONS, failed="it failed")
    assert str(problem).startswith(f"exporter 'one': {text}")


def test_an_author_may_raise_several_problems_at_once() -> None:
    problems = Problems()
    problems.add("path='/nope/x': there is no folder", "size: it is too small", cause=LookupError("far away"))
    with pytest.raises(ConfigurationError) as caught:
        problems.raise_if_any()
    found = list(problems_raised(caught.value, "one", OPTIONS, failed="it failed"))
    assert [(problem.key, problem.value, problem.origin, problem.says) for problem in found] == [
        ("path", "/nope/x", "keyword argument", "there is no folder"),
        ("size", 3, "environment variable THREADTRAIL_ONE_SIZE", "it is too small"),
    ]
    assert isinstance(caught.value.__cause__, LookupError)


@pytest.mark.parametrize(
    "error",
    [
        ConfigurationError(f"api_key={SECRET!r}: nobody knows it"),
        ConfigurationError(f"api_key={SECRET.upper()!r}: nobody knows it"),
        ConfigurationError(f"nobody knows {SECRET}"),
        ConfigurationError("nobody knows it", option="api_key", value=SECRET),
        LookupError(f"nobody knows {SECRET}"),
        error_of(Problem(says=f"nobody knows {SECRET}", advice=f"Do not use {SECRET}.")),
    ],
)
def test_a_secret_is_cut_from_what_an_exporter_raises(error: Exception) -> None:
    options = {"api_key": Option(SECRET, "default"), "path": Option("x", "default")}
    (problem,) = problems_raised(error, "one", options, failed="it cannot be built")
    for text in (str(problem), repr(problem)):
        assert SECRET not in text
        assert SECRET.upper() not in text
    assert "(hidden)" in str(problem)


REFUSING = """
    from threadtrail import ConfigurationError, hookimpl

    class Exporter:
        def __init__(self, path: str = "/nope/x", build: str = "", start: str = ""):
            self.path, self.does = path, start
            if build == "option":
                raise ConfigurationError("it is not there", option="path", value=path)
            if build == "text":
                raise ConfigurationError(f"path={path!r}: it is not there")

        @hookimpl
        def start(self):
            if self.does == "option":
                raise ConfigurationError("it is not there", option="path", value=self.path)
            if self.does == "text":
                raise ConfigurationError(f"path={self.path!r}: it is not there", "and nobody knows why")

        @hookimpl
        def export(self, events): ...
"""


@pytest.fixture
def refusing(install: Installer, monkeypatch: pytest.MonkeyPatch) -> str:
    """An exporter that refuses its option ``path``, which the environment sets; where that is."""
    install("acme", {"acme": "refusing:Exporter"}, refusing=REFUSING)
    monkeypatch.delitem(sys.modules, "refusing", raising=False)
    monkeypatch.setenv("THREADTRAIL_ACME_PATH", "/not/there")
    return "option path = '/not/there' (environment variable THREADTRAIL_ACME_PATH): it is not there"


@pytest.mark.parametrize("way", ["option", "text"])
def test_the_origin_of_an_option_that_the_factory_refuses(refusing: str, way: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        registry.load(load_settings(exporters={"acme": {"build": way}}))
    assert caught.value.problems == (f"exporter 'acme' (refusing:Exporter, from acme 1.0): {refusing}",)


@pytest.mark.parametrize("way", ["option", "text"])
def test_the_origin_of_an_option_that_start_refuses(refusing: str, way: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        threadtrail.instrument(exporters={"acme": {"start": way}})
    assert caught.value.problems[0] == f"exporter 'acme': {refusing}"
    assert caught.value.problems[1:] == (("exporter 'acme': and nobody knows why",) if way == "text" else ())


@pytest.mark.parametrize("stage", ["build", "start"])
@pytest.mark.parametrize("way", ["option", "text"])
def test_the_doctor_names_the_origin_of_an_option_that_is_refused(
    refusing: str, stage: str, way: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(f"THREADTRAIL_ACME_{stage.upper()}", way)
    assert cli.main(["doctor", "--exporter", "acme"]) == 2
    printed = capsys.readouterr().out
    assert f"  problem  {refusing}\n" in printed
    assert ("  problem  and nobody knows why\n" in printed) == (stage == "start" and way == "text")


def test_the_commands_hide_a_secret(
    refusing: str, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "threadtrail.toml").write_text(
        f'api_key = "{SECRET}"\n[exporters.acme]\nsecret_path = "{SECRET}"\n'
    )
    monkeypatch.setenv("THREADTRAIL_LANGFUES_SECRET_KEY", SECRET)
    for command in (["doctor"], ["doctor", "--json"], ["exporters"], ["exporters", "--json"]):
        assert cli.main(command) == 2
        printed = capsys.readouterr()
        assert SECRET not in printed.out + printed.err
        assert "api_key = (hidden) (file " in printed.out + printed.err


def test_an_instance_has_no_origins() -> None:
    class Refusing:
        @threadtrail.hookimpl
        def start(self) -> None:
            raise ConfigurationError("it is not there", option="path", value="/nope/x")

        @threadtrail.hookimpl
        def export(self, events: Any) -> None: ...

    (loaded,) = registry.load(load_settings(exporters=Refusing()))
    with pytest.raises(ConfigurationError) as caught:
        loaded.start(Settings())
    assert str(caught.value) == "exporter 'Refusing': option path = '/nope/x': it is not there"
