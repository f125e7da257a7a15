"""Writes the pages that commands make: files with questions and answers, which only their owner may read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


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

    Raises:
        ConfigurationError: the file cannot be written.
    """
    try:
        with open(path.expanduser(), "w", encoding="utf-8", newline="\n", opener=_private) as file:
            file.write(page)
    except OSError as error:
        raise ConfigurationError(f"cannot write {str(path)!r}: {error.strerror or error}") from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
