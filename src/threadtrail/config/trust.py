"""Whether a file can be trusted: nobody but the current user and root can have written it or replaced it."""

from __future__ import annotations

import os
import shlex
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = 0


@dataclass(frozen=True, slots=True)
class Distrust:
    """Why a file is not trusted (``because``), and the command that changes that (``remedy``)."""

    file: Path
    because: str
    remedy: str


def distrust(path: Path, status: os.stat_result) -> Distrust | None:
    """Return why the file is not trusted; None if it is.

    Others must not be able to write the file or a folder on the way to it, and all of them must belong to the
    current user or to root. In a folder with the sticky bit, such as ``/tmp``, nobody can replace the files
    of these two users. Windows has no such modes: there, every file is trusted.

    Args:
        path: the file, as an absolute path.
        status: that of the opened file, so that the file is the one that is read.
    """
    if not hasattr(os, "geteuid"):
        return None
    reason = _of(path, status, "it")
    for link in _links(path):
        reason = reason or _of_owner(link, os.lstat(link), f"the link {link}")
        for folder in link.parents:
            reason = reason or _of(folder, folder.stat(), f"its folder {folder}")
    return None if reason is None else Distrust(path, *reason)


def _links(path: Path) -> Iterator[Path]:
    """Yield the path, as given and with the links of its folders followed, and what it links to."""
    yield path
    real = path.parent.resolve() / path.name
    if real != path:
        yield real
    if real.is_symlink():
        yield from _links(real.parent / real.readlink())


def _of(path: Path, status: os.stat_result, what: str) -> tuple[str, str] | None:
    """Return why somebody else could change the file or folder, and the command that prevents it."""
    reason = _of_owner(path, status, what)
    if reason is not None or (stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX):
        return reason
    mode = f"mode {stat.S_IMODE(status.st_mode):04o}"
    if status.st_mode & stat.S_IWOTH:
        return f"every user can write {what} ({mode})", f"chmod o-w {_quoted(path)}"
    if status.st_mode & stat.S_IWGRP and not _is_private(status):
        group = f"group {_group_name(status.st_gid)}"
        return f"the {group} can write {what} ({mode})", f"chmod g-w {_quoted(path)}"
    return None


def _of_owner(path: Path, status: os.stat_result, what: str) -> tuple[str, str] | None:
    current = os.geteuid()
    if status.st_uid in {ROOT, current}:
        return None
    because = f"{what} belongs to {_user_name(status.st_uid)}, and this process runs as {_user_name(current)}"
    follow = "-h " if path.is_symlink() else ""
    return because, f"chown {follow}{_user_name(current)} {_quoted(path)}"


def _is_private(status: os.stat_result) -> bool:
    """Return whether the group is the owner's own: their primary group, of the same name, without others."""
    import grp  # noqa: PLC0415 - Windows does not have them
    import pwd  # noqa: PLC0415 - the same

    try:
        user = pwd.getpwuid(status.st_uid)
    except KeyError:
        # As in a container without such a user: a user and their group have the same number.
        return status.st_gid == status.st_uid and _group_name(status.st_gid) == str(status.st_gid)
    try:
        group = grp.getgrgid(status.st_gid)
    except KeyError:
        return False
    return (
        user.pw_gid == status.st_gid
        and group.gr_name == user.pw_name
        and not {*group.gr_mem} - {user.pw_name}
    )


def _user_name(number: int) -> str:
    import pwd  # noqa: PLC0415 - Windows does not have it

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group_name(number: int) -> str:
    import grp  # noqa: PLC0415 - Windows does not have it

    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
