"""Finds the files that users name: a recording, a folder of recordings, or a pattern."""

from __future__ import annotations

from glob import glob
from pathlib import Path

from threadtrail._text import is_address, shown_address
from threadtrail.errors import ConfigurationError

PATTERNS = ("*.jsonl", "*.jsonl.gz")
"""The patterns of the recordings in a folder."""


def files_of(*given: str) -> tuple[Path, ...]:
    """Return the files, each once, in the given order; those of a folder or a pattern are sorted.

    ``**`` in a pattern goes through all folders below. A name that matches nothing stays unchanged,
    so that the code that opens it reports the error.

    Raises:
        ConfigurationError: a name is empty or an address, or a folder has no recording.
    """
    return tuple(dict.fromkeys(path for name in given for path in _files(name)))


def _files(given: str) -> list[Path]:
    if not given.strip():
        raise ConfigurationError(f"{given!r} names no recording; name a file that the exporter jsonl wrote")
    path = Path(given).expanduser()
    if path.is_dir():
        return _in_folder(path)
    if path.exists():
        return [path]
    if is_address(given):
        raise ConfigurationError(f"{shown_address(given)} is no file; name one that the exporter jsonl wrote")
    found = sorted(glob(str(path), recursive=True))  # noqa: PTH207 - a pattern may be absolute
    return [Path(name) for name in found if Path(name).is_file()] or [path]


def _in_folder(folder: Path) -> list[Path]:
    found = sorted(path for pattern in PATTERNS for path in folder.glob(pattern) if path.is_file())
    if not found:
        raise ConfigurationError(f"no file in {str(folder)!r} ends in .jsonl or .jsonl.gz; name a recording")
    return found
