"""Which files are meant by what people name: a recording, a folder of them, or a pattern."""

from __future__ import annotations

from glob import glob
from pathlib import Path

from threadtrail.errors import ConfigurationError

PATTERN = "*.jsonl"
"""The recordings in a folder."""


def files_of(*given: str) -> tuple[Path, ...]:
    """Return the files, each once, as they are named; those of a folder or a pattern in order.

    ``**`` in a pattern goes through all folders below. A name that is nothing of all that stays as it is,
    so that whoever opens it says what is wrong.

    Raises:
        ConfigurationError: a name is empty, or a folder has no recording.
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
    found = sorted(glob(str(path), recursive=True))  # noqa: PTH207 - a pattern may be absolute
    return [Path(name) for name in found if Path(name).is_file()] or [path]


def _in_folder(folder: Path) -> list[Path]:
    found = [path for path in sorted(folder.glob(PATTERN)) if path.is_file()]
    if not found:
        raise ConfigurationError(f"no file in {str(folder)!r} ends in .jsonl; name a recording")
    return found
