"""Searches for the configuration file in the current folder and in the project's root."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN_FILE = "threadtrail.toml"
PYPROJECT = "pyproject.toml"
ROOT_MARKS = (PYPROJECT, ".git")
"""A folder with one of these is the root of a project."""


@dataclass(frozen=True, slots=True)
class Search:
    """The result of the search: the ``path`` of a file, or None, and why it did not search further."""

    path: Path | None = None
    note: str = ""


def search() -> Search:
    """Search for ``threadtrail.toml`` in the current folder, then for both files in the project's root.

    The root is the nearest folder with a ``pyproject.toml`` or a ``.git``, the current one or one above it.
    The search stops at the user's home, and does not begin in the home of another user.
    """
    try:
        here = Path.cwd()
    except OSError:  # the current directory was deleted: then there is no file in it either
        return Search()
    other = owner_of_home(here)
    if other is not None:
        return Search(note=f"the current folder is in the home of {other}, where none is read")
    paths = [here / OWN_FILE]
    root = next(filter(_is_root, _upwards(here)), None)
    if root is not None:
        paths += [root / OWN_FILE, root / PYPROJECT]
    return Search(next((path for path in paths if os.path.isfile(path)), None))  # noqa: PTH113 - unlike Path.is_file, never raises


def _upwards(here: Path) -> Iterator[Path]:
    """Yield the folder and those above it, up to the user's home if that is among them."""
    home = os.path.realpath(os.path.expanduser("~"))  # noqa: PTH111 - unlike Path.home, never raises
    for folder in (here, *here.parents):
        yield folder
        if str(folder) == home:
            return


def _is_root(folder: Path) -> bool:
    return any(os.path.lexists(folder / mark) for mark in ROOT_MARKS)


def owner_of_home(folder: Path) -> str | None:
    """Return the name of the other user whose home the folder is in; None if it is in no such home.

    A folder is a home if it belongs to the user whose home it is by the system's list.
    """
    try:
        import pwd  # noqa: PLC0415 - Windows does not have it
    except ImportError:
        return None
    for each in (folder, *folder.parents[:-1]):  # `/` is nobody's home, even if the system lists it as one
        try:
            owner = each.stat().st_uid
            user = pwd.getpwuid(owner)
        except (OSError, KeyError):
            continue
        if owner != os.geteuid() and os.path.realpath(user.pw_dir) == str(each):
            return user.pw_name
    return None
