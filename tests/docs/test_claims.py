"""What README and documentation claim about the project is true."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import make_docs_exporters
import pytest
import sdk_tests
import sdk_tests_environment
import sdk_tests_suites

from doc_blocks import DOCS, README, ROOT
from threadtrail import hookspecs
from threadtrail.config import registry
from threadtrail.delivery import lane
from threadtrail.recording import ends, facts, inbox, observation, own_requests, store
from threadtrail.sources import openai_assistants
from threadtrail.sources.openai_assistants.details import PAGES

SVG = "{http://www.w3.org/2000/svg}"
PACKAGE = ROOT / "src" / "threadtrail"
ARCHITECTURE = DOCS / "architecture.md"
PICTURE = DOCS / "pictures" / "architecture.svg"

# --- README --------------------------------------------------------------------------------------


def test_the_table_of_exporters_promises_nothing_that_is_not_there() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \|.*\| ([^|]+) \|$", README.read_text(encoding="utf-8"), re.MULTILINE)
    packages = dict(rows)
    included = {exporter.name for exporter in registry.available() if exporter.distribution == "threadtrail"}
    assert {name for name, package in rows if package == "included"} == included
    for name in packages.keys() - included:
        there = (ROOT / "plugins" / f"threadtrail-{name}" / "pyproject.toml").exists()
        assert packages[name] == "not there yet" or there, name


def test_numbers_are_those_of_the_tools() -> None:
    readme = README.read_text(encoding="utf-8")
    for suite in (sdk_tests_suites.ASSISTANTS, sdk_tests_suites.RESPONSES):
        assert f"the {suite.expected:,} {suite.name} tests" in re.sub(r"\s+", " ", readme)
    assert f"the SDK's own suite (openai {sdk_tests_environment.SDK_VERSION})" in re.sub(r"\s+", " ", readme)
    for requirement in sdk_tests.PEERS.values():
        assert requirement.partition("==")[2] in readme
    matrix = re.findall(r"^(?:OPENAI|OTHER_SDKS) := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for version in " ".join(matrix).split():
        assert version in readme
        assert version in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert f"{len(list(openai_assistants.SOURCE.rows()))} methods" in (
        DOCS / "decisions" / "0001-the-seam.md"
    ).read_text(encoding="utf-8")


def test_the_environment_of_a_reader_is_not_that_of_make() -> None:
    """Else make would take it over, with the versions that are tested."""
    [folder] = re.findall(r"python3 -m venv (\S+)", README.read_text(encoding="utf-8"))
    [taken] = re.findall(r"^VENV := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert folder != taken
    assert f"`{taken}` is the one that `make` sets up" in README.read_text(encoding="utf-8")


def test_licence_is_the_whole_one() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


# --- the documentation -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "number"),
    [
        ("good-to-know.md", f"{store.PUBLISHED_RUNS:,}".replace(",", " ")),
        ("troubleshooting.md", f"{inbox.MAX_WAITING:,}".replace(",", " ")),
        ("decisions/0007-no-call-that-was-not-asked-for.md", f"{PAGES} pages"),
        ("decisions/0007-no-call-that-was-not-asked-for.md", f"{own_requests.REQUEST_SECONDS:g} seconds"),
        ("plugins/hooks.md", f"1 to {lane.BATCH_SIZE} events"),
    ],
)
def test_numbers_are_those_of_the_code(page: str, number: str) -> None:
    assert number in (DOCS / page).read_text(encoding="utf-8")


def test_the_page_of_frameworks_names_what_is_run() -> None:
    """Each framework with its version and that of the SDK, as pinned, in a row of its own."""
    page = (DOCS / "frameworks.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z-]+) (\d[\d.]*) \| (\d[\d.]*) \|", page, re.MULTILINE)
    pinned = [
        dict(re.findall(r"^(\S+)==(\S+)$", file.read_text(encoding="utf-8"), re.MULTILINE))
        for file in (ROOT / "tests" / "frameworks" / "requirements").glob("*.txt")
    ]
    assert len(rows) == len(pinned)
    for package, version, sdk in rows:
        assert (version, sdk) in [(pins.get(package), pins["openai"]) for pins in pinned], package


def test_a_stream_that_is_left_early_is_published_after_a_minute() -> None:
    assert ends.DROPPED_STREAM_SECONDS == 60
    assert "nobody looked at the run within a minute" in (DOCS / "troubleshooting.md").read_text(
        encoding="utf-8"
    )


# --- the picture of the architecture ---------------------------------------------------------------


def drawn(kind: str) -> list[str]:
    """The texts of one class in the picture."""
    root = ET.parse(PICTURE).getroot()  # noqa: S314 - our own picture
    texts = [(text.get("class"), "".join(text.itertext()).strip()) for text in root.iter(f"{SVG}text")]
    texts += [(part.get("class"), (part.text or "").strip()) for part in root.iter(f"{SVG}tspan")]
    return [text for name, text in texts if name == kind]


def test_what_the_picture_names_exists() -> None:
    modules = drawn("module")
    assert len(modules) >= 7
    for module in modules:
        assert (PACKAGE / module).exists() or (ROOT / module).is_dir(), module


def test_the_picture_names_what_data_flows_through() -> None:
    assert {"instrumentation/", "sources/", "recording/", "delivery/", "exporters/"} <= set(drawn("module"))
    assert drawn("name") == [
        *make_docs_exporters.names()[:2],
        "opentelemetry",
        "langfuse",
        "agentops",
        "redis",
        "yours",
    ]
    assert set(drawn("name")) == {*make_docs_exporters.names(), "yours"}
    assert drawn("fact") == ["Observation", "Fact", "Event"]
    assert facts.Fact is not None
    assert observation.Observation is not None
    assert "capture_context()" in drawn("code")
    assert hasattr(hookspecs, "capture_context")


def test_the_picture_can_be_read_by_day_and_by_night() -> None:
    text = PICTURE.read_text(encoding="utf-8")
    light, _, dark = text.partition("@media (prefers-color-scheme: dark)")
    colours = [set(re.findall(r"(--\w+): #", part.partition("}")[0])) for part in (light, dark)]
    assert colours[0] == colours[1] == set(re.findall(r"var\((--\w+)\)", text))


def test_the_table_of_the_architecture_names_what_exists() -> None:
    names = [
        name
        for line in ARCHITECTURE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([^`]+)`", line.split("|")[1])
    ]
    assert len(names) > 20
    for name in names:
        assert (PACKAGE / name).exists(), name
    packages = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert {name.partition("/")[0] for name in names} >= packages & {
        "delivery",
        "exporters",
        "instrumentation",
        "recording",
        "testing",
    }
