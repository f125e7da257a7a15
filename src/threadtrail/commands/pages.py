"""Writes the pages that commands make: files with questions and answers, which only their owner may read."""

from __future__ import annotations

import errno
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

NOT_REPLACED = frozenset({errno.EACCES, errno.EPERM, errno.EBUSY, errno.EXDEV})
"""What the system says of a file that may be written, but not replaced: such as one that is mounted."""


def refuse_recording(path: Path, option: str, recordings: Iterable[Path]) -> None:
    """Refuse to write a page to a file that is one of the recordings that it shows.

    Raises:
        ConfigurationError: the file is one of the recordings.
    """
    path = path.expanduser()
    if path.exists() and any(each.exists() and path.samefile(each) for each in recordings):
        raise ConfigurationError(f"{option} {path} would overwrite the recording itself; name another file")


def write_page(path: Path, page: str) -> None:
    """Write a page to a file; ``~`` is the home folder. Only its owner may read a new file.

    A file that is there keeps its content until the page is written as a whole, and keeps its mode.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    file = path.expanduser()
    try:
        if not (_is_replaceable(file) and _replaced(file, page)):
            with open(file, "w", encoding="utf-8", newline="\n", opener=_private) as opened:
                opened.write(page)
    except OSError as error:
        raise ConfigurationError(f"cannot write {str(path)!r}: {error.strerror or error}") from error


def write_new_page(page: str) -> Path:
    """Write a page to a new file in the folder for temporary files, and return its path.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    try:
        return _new(page, None)
    except OSError as error:
        folder = "the folder for temporary files" if tempfile.tempdir is None else repr(tempfile.tempdir)
        problem = f"cannot write a page to {folder}: {error.strerror or error}"
        raise ConfigurationError(f"{problem}; name another place with --output") from error


def _new(page: str, folder: Path | None) -> Path:
    """Write a page to a new file, which only its owner may read; after an error, there is no file."""
    handle, name = tempfile.mkstemp(prefix="threadtrail-", suffix=".html", dir=folder)
    path = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(page)
    except BaseException:
        path.unlink()
        raise
    return path


def _is_replaceable(path: Path) -> bool:
    """Return whether another file may take the place of this one: not that of a link, pipe or device."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return True
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and os.access(path, os.W_OK)


def _replaced(path: Path, page: str) -> bool:
    """Put a new file in the place of this one; return False if it may only be written itself."""
    try:
        new = _new(page, path.parent)
    except PermissionError:
        return False
    try:
        if path.exists():
            _equal(new, path.stat())
        new.replace(path)
    except OSError as error:
        if error.errno in NOT_REPLACED:
            return False
        raise
    finally:
        new.unlink(missing_ok=True)
    return True


def _equal(new: Path, old: os.stat_result) -> None:
    """Give a new file the owner and the mode of the old one."""
    if sys.platform != "win32":
        given = new.stat()
        if (given.st_uid, given.st_gid) != (old.st_uid, old.st_gid):
            os.chown(new, old.st_uid, old.st_gid)
    new.chmod(stat.S_IMODE(old.st_mode))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
