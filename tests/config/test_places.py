"""The configuration file is searched in the current folder and in the project's root, nowhere else."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from threadtrail.config.file import read_config_file
from threadtrail.config.places import search

if TYPE_CHECKING:
    from pathlib import Path

OTHER = 12_345
NEEDS_OWNERS = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root can give files away"
)


class Tree:
    """Makes files below ``here``, and looks from one of its folders."""

    def __init__(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._here = here
        self._monkeypatch = monkeypatch

    def move_home(self, name: str) -> None:
        """Let the user's home be this folder; ``linked`` is a link to ``home``."""
        (self._here / "linked").symlink_to(self._here / "home")
        self._monkeypatch.setenv("HOME", str(self._here / name))

    def __call__(self, *files: str, start: str = ".") -> str | None:
        """Make the files (folders, where they end in ``/``), and return what is found from ``start``."""
        for name in files:
            path = self._here / name
            if name.endswith("/"):
                path.mkdir(parents=True, exist_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("")
        (self._here / start).mkdir(parents=True, exist_ok=True)
        self._monkeypatch.chdir(self._here / start)
        found = search().path
        return None if found is None else str(found.relative_to(self._here))


@pytest.fixture
def tree(here: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    monkeypatch.setenv("HOME", str(here / "nobody"))
    return Tree(here, monkeypatch)


@pytest.mark.parametrize(
    ("files", "found"),
    [
        # the root is the nearest folder with a pyproject.toml or a .git
        (["app/pyproject.toml"], "app/pyproject.toml"),
        (["app/.git/", "app/threadtrail.toml"], "app/threadtrail.toml"),
        (["app/.git", "app/threadtrail.toml"], "app/threadtrail.toml"),  # a file in work trees and submodules
        (["app/pyproject.toml", "app/threadtrail.toml"], "app/threadtrail.toml"),
        (["pyproject.toml", "app/src/pyproject.toml"], "app/src/pyproject.toml"),
        # the current folder comes first, with its own file
        (["app/pyproject.toml", "app/src/lib/threadtrail.toml"], "app/src/lib/threadtrail.toml"),
        (["app/src/lib/threadtrail.toml"], "app/src/lib/threadtrail.toml"),
        (["app/src/lib/.git/", "app/src/lib/threadtrail.toml"], "app/src/lib/threadtrail.toml"),
        # nothing counts above the root, nor between it and the current folder
        (["pyproject.toml", "threadtrail.toml", "app/.git/"], None),
        (["app/.git/", "app/src/threadtrail.toml"], None),
        # without a root, nothing counts but the current folder
        (["threadtrail.toml", "app/threadtrail.toml", "app/src/threadtrail.toml"], None),
        ([], None),
    ],
)
def test_which_file_is_found(tree: Tree, files: list[str], found: str | None) -> None:
    assert tree(*files, start="app/src/lib") == found


@pytest.mark.parametrize(
    ("file", "start", "found"),
    [
        ("pyproject.toml", "home/app", None),
        (".git/", "home/app", None),
        ("pyproject.toml", "home", None),
        ("home/pyproject.toml", "home/app", "home/pyproject.toml"),
        ("home/app/pyproject.toml", "home/app/src", "home/app/pyproject.toml"),
        ("pyproject.toml", "elsewhere/app", "threadtrail.toml"),
        ("pyproject.toml", "homes/app", "threadtrail.toml"),
    ],
)
@pytest.mark.parametrize("home", ["home", "linked"])
def test_nothing_above_the_home_is_found(
    tree: Tree, home: str, file: str, start: str, found: str | None
) -> None:
    tree.move_home(home)
    assert tree(file, "threadtrail.toml", start=start) == found


def test_a_home_that_is_the_root_of_the_system_ends_no_search(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    for home in ("/", "", "not-absolute"):
        monkeypatch.setenv("HOME", home)
        assert tree("pyproject.toml", start="a/b") == "pyproject.toml"


@NEEDS_OWNERS
@pytest.mark.parametrize("start", ["home/other", "home/other/app", "home/other/app/src"])
def test_nothing_in_the_home_of_another_user_is_found(
    here: Path, tree: Tree, monkeypatch: pytest.MonkeyPatch, start: str
) -> None:
    import pwd

    real = pwd.getpwuid
    other = pwd.struct_passwd(("ada", "x", OTHER, OTHER, "", str(here / "home" / "other"), "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda number: other if number == OTHER else real(number))
    files = (f"{start}/threadtrail.toml", f"{start}/pyproject.toml", "pyproject.toml")
    assert tree(*files, start=start) == f"{start}/threadtrail.toml"  # nobody's home yet
    os.chown(here / "home" / "other", OTHER, OTHER)
    assert tree(start=start) is None
    assert str(read_config_file(None)) == (
        "none (the current folder is in the home of ada, where none is read)"
    )
    assert tree(start="home") == "pyproject.toml"  # beside it
    monkeypatch.setattr(os, "geteuid", lambda: OTHER)
    assert tree(start=start) == f"{start}/threadtrail.toml"  # now it is one's own


def test_a_file_beside_the_script_or_on_the_path_of_imports_is_not_found(
    here: Path, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [str(here / "scripts" / "run.py")])
    monkeypatch.syspath_prepend(str(here / "scripts"))
    assert tree("scripts/threadtrail.toml", "scripts/pyproject.toml", start="work") is None


def test_a_pyproject_without_our_table_counts_as_no_file(here: Path) -> None:
    (here / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert read_config_file(None).path is None
    assert str(read_config_file(None)) == "none"


def test_a_file_that_is_named_says_so(here: Path) -> None:
    (here / "other.toml").write_text("queue_size = 1\n")
    assert str(read_config_file("other.toml")) == "other.toml (named by THREADTRAIL_CONFIG)"
