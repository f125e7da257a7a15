"""What a file that is not trusted can set: settings and the console, but nowhere to send to."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if sys.platform == "win32":
    pytest.skip("every file is trusted there", allow_module_level=True)

from doc_blocks import blocks
from threadtrail.config import registry
from threadtrail.config.problems import problems_of
from threadtrail.config.settings import load_settings, read_settings
from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from fake_distributions import Installer

CONFIGURATION_PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"

ACME = """
    from threadtrail import hookimpl

    class Acme:
        harmless_options = ("color",)

        def __init__(self, **options):
            self.options = options

        @hookimpl
        def export(self, events): ...

    class Unsaid(Acme):
        harmless_options = None

    def build(**options):
        return Acme(**options)

    build.harmless_options = {"width"}
"""


@pytest.fixture
def file(here: Path) -> Path:
    """The file that everybody can write."""
    path = here / "threadtrail.toml"
    path.write_text("")
    path.chmod(0o666)
    return path


@pytest.fixture
def acme(install: Installer) -> None:
    entries = {"acme": "acme_open:Acme", "unsaid": "acme_open:Unsaid", "built": "acme_open:build"}
    install("acme", entries, acme_open=ACME.replace("\n    ", "\n"))


def built(**keywords: Any) -> Any:
    """The options that the one exporter was built with."""
    (loaded,) = registry.load(load_settings(**keywords))
    return loaded.exporter.options  # type: ignore[attr-defined]  # Acme has them


def refused(**keywords: Any) -> list[str]:
    """The message of each problem."""
    with pytest.raises(ConfigurationError) as caught:
        registry.load(load_settings(**keywords))
    return [problem.message for problem in problems_of(caught.value)]


def test_settings_and_the_console_can_be_set(file: Path) -> None:
    file.write_text("sample_rate = 0.5\ncapture_content = false\n[exporters.console]\nwidth = 80\n")
    settings = load_settings()
    assert (settings.sample_rate, settings.capture_content) == (0.5, False)
    (console,) = registry.load(settings)
    assert console.options["width"].value == 80


def test_all_options_of_the_console_are_harmless(file: Path) -> None:
    file.write_text(
        '[exporters.console]\nstream = "stdout"\ncolor = "never"\nwidth = 80\ncontent_length = 3\n'
    )
    registry.load(load_settings())


@pytest.mark.parametrize("name", ["jsonl", "acme", "langfuse", "not-there"])
@pytest.mark.parametrize("form", ['exporters = ["console", "{}"]', "[exporters.{}]", 'exporters = "{}"'])
def test_no_other_exporter_can_be_chosen(acme: None, file: Path, name: str, form: str) -> None:
    file.write_text(form.format(name))
    (message,) = refused()
    assert message == (
        f"exporters = '{name}' (file {file}): the file is not trusted, so it may choose no exporter but "
        "console: every user can write it (mode 0666)."
    )


def test_what_is_refused_is_left_out_of_the_settings(file: Path) -> None:
    file.write_text('exporters = ["console", "jsonl"]')
    assert [choice.name for choice in read_settings({}).settings.exporters] == ["console"]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("base_url", "'http://stranger.example'"),
        ("anything", "'x'"),
        ("port", "1"),
        ("insecure", "true"),
        ("hosts", "['stranger.example']"),
        ("headers", "{a = 'b'}"),
    ],
)
@pytest.mark.parametrize("exporter", ["acme", "unsaid", "built"])
def test_an_option_is_refused_unless_the_exporter_calls_it_harmless(
    acme: None, file: Path, exporter: str, option: str, value: str
) -> None:
    file.write_text(f"[exporters.{exporter}]\n{option} = {value}\n")
    (message,) = refused(exporters=[exporter])
    assert message.startswith(f"option {option} = ")
    assert message.endswith(
        f" (file {file}): the file is not trusted, so it may not set what can be a host, a credential or a "
        "path: every user can write it (mode 0666)."
    )


def test_a_harmless_option_is_taken(acme: None, file: Path) -> None:
    file.write_text("[exporters.acme]\ncolor = 'red'\n[exporters.built]\nwidth = 3\n")
    assert built(exporters=["acme"]) == {"color": "red"}
    assert built(exporters=["built"]) == {"width": 3}


def test_the_exporter_may_be_chosen_in_the_environment_just_as_well(
    acme: None, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THREADTRAIL_EXPORTERS", "acme")
    file.write_text("[exporters.acme]\nurl = 'x'\n")
    (message,) = refused()
    assert message.startswith(f"option url = 'x' (file {file})")
    monkeypatch.setenv("THREADTRAIL_ACME_URL", "mine")  # what has no effect is no problem
    assert built() == {"url": "mine"}
    assert built(exporters={"acme": {"url": "of the code"}}) == {"url": "of the code"}


def test_options_of_exporters_that_are_not_chosen_are_ignored(acme: None, file: Path) -> None:
    file.write_text("[exporters.acme]\nurl = 'x'\n[exporters.jsonl]\npath = '/etc/x'\n")
    assert len(registry.load(load_settings(exporters=["console"]))) == 1


@pytest.mark.parametrize("named", [True, False])
def test_the_two_ways_to_trust_it(
    acme: None, file: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    file.write_text("[exporters.acme]\nurl = 'x'\n")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    (problem,) = problems_of(caught.value)
    assert problem.advice == (
        f"If you trust what is in the file, run: chmod o-w {file}, or name the file in the environment: "
        f"THREADTRAIL_CONFIG={file}."
    )
    if named:
        monkeypatch.setenv("THREADTRAIL_CONFIG", str(file))
    else:
        file.chmod(0o664 & ~0o022)
    assert built() == {"url": "x"}


def test_a_pyproject_is_no_better(acme: None, here: Path) -> None:
    file = here / "pyproject.toml"
    file.write_text("[tool.threadtrail.exporters.acme]\nurl = 'x'\n")
    assert built() == {"url": "x"}
    here.chmod(0o777)
    assert f"every user can write its folder {here} (mode 0777)" in refused()[0]


def test_the_message_on_the_page_is_the_real_one(file: Path) -> None:
    file.write_text('exporters = ["jsonl"]')
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    text = str(caught.value).replace(str(file.parent), "/srv/app")
    assert text + "\n" in blocks(CONFIGURATION_PAGE, "text")
    assert os.environ.get("THREADTRAIL_CONFIG") is None
