"""The metadata of each distribution, and the workflows that build them."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from set_address import address

import threadtrail

ROOT = Path(__file__).parent.parent
PLUGINS = sorted(file.parent for file in ROOT.glob("plugins/*/pyproject.toml"))
PUBLISHED = [
    folder for folder in PLUGINS if folder.name != "threadtrail-example"
]  # the tutorial's stays an example
LINKS = {"Repository", "Documentation", "Changelog", "Issues"}
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

pytestmark = pytest.mark.checkout
each_plugin = pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
each_published = pytest.mark.parametrize("folder", [ROOT, *PUBLISHED], ids=lambda folder: folder.name)


def project(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    return read["project"]  # type: ignore[no-any-return]  # a table


def test_the_version_stands_in_one_place() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    assert "version" in project(ROOT)["dynamic"]
    assert '[tool.hatch.version]\npath = "src/threadtrail/__init__.py"' in text
    for folder in PUBLISHED:
        sources = "".join(file.read_text("utf-8") for file in (folder / "src").rglob("*.py"))
        assert project(folder)["version"]
        assert "__version__ =" not in sources
    assert re.fullmatch(r"\d+\.\d+\.\d+", threadtrail.__version__)


@each_plugin
def test_each_exporter_has_the_licence(folder: Path) -> None:
    assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert project(folder)["license"] == "Apache-2.0"


@each_published
def test_each_distribution_says_what_it_is(folder: Path) -> None:
    said = project(folder)
    assert said["license-files"] == ["LICENSE"]
    assert said["urls"].keys() == LINKS
    assert all(url.startswith(address()) for url in said["urls"].values())
    assert {"Typing :: Typed", "Topic :: System :: Monitoring"} <= set(said["classifiers"])
    assert said["requires-python"] == ">=3.11"
    assert said["keywords"]


def test_every_file_has_the_same_address() -> None:
    listed = subprocess.run(
        ["git", "grep", "-hoE", r"https://github\.com/[^/ ]+/threadtrail\b"],  # noqa: S607 - git is on the path
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert set(listed.stdout.split()) <= {address()}


def test_every_link_of_the_readme_leads_somewhere_on_an_index() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    readme = (ROOT / "README.md").read_text("utf-8")
    for rule in config["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        readme = re.sub(rule["pattern"], rule["replacement"], readme)
    links = re.findall(r"\]\(([^)\s]+)\)", readme)
    assert [link for link in links if not link.startswith((address(), "#", "https://"))] == []
    pictures = re.findall(r"!\[[^\]]*\]\((\S+)\)", readme)
    assert pictures
    assert all("/raw/v$HFPR_VERSION/docs/pictures/" in picture for picture in pictures)


def test_actions_are_pinned_to_a_commit() -> None:
    used = [use for file in WORKFLOWS for use in re.findall(r"uses: (.*)", file.read_text("utf-8"))]
    assert used
    assert [use for use in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", use)] == []


def test_workflows_run_what_the_makefile_has() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for file in WORKFLOWS:
        text = file.read_text("utf-8")
        run = set(re.findall(r"run: make ([a-z- ]+)", text)) | set(re.findall(r"target: \[(.*)\]", text))
        for names in run:
            assert set(re.split(r"[ ,]+", names.strip())) <= targets, file.name
