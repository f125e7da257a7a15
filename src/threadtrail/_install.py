"""The commands that install a missing part of threadtrail, from where threadtrail itself was installed."""

from __future__ import annotations

import importlib.metadata
import json
import shlex
from pathlib import Path

UNREADABLE = (AttributeError, KeyError, OSError, TypeError, ValueError)
"""What a note that is missing or malformed raises."""


def extra_command(name: str) -> str:
    """Return the command that installs an extra, such as ``testing``."""
    origin = _origin()
    if origin is None:
        return f"pip install {shlex.quote(f'threadtrail[{name}]')}"
    folder, editable = origin
    return f"pip install {'-e ' if editable else ''}{shlex.quote(f'{folder}[{name}]')}"


def plugin_command(name: str) -> str:
    """Return the command that installs one of the project's own exporters, such as ``langfuse``.

    A checkout has them in its folder ``plugins``, whether or not a package index has them.
    """
    origin = _origin()
    if origin is None or not (origin[0] / "plugins").is_dir():
        return extra_command(name)
    return f"pip install {shlex.quote(str(origin[0] / 'plugins' / f'threadtrail-{name}'))}"


def _origin() -> tuple[Path, bool] | None:
    """Return the folder that pip installed threadtrail from (PEP 610), and whether it is editable."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - for a message alone
    from urllib.request import url2pathname  # noqa: PLC0415 - as above

    try:
        note = json.loads(importlib.metadata.distribution("threadtrail").read_text("direct_url.json") or "{}")
        address, editable = urlsplit(note["url"]), bool(note["dir_info"].get("editable"))
        folder = Path(url2pathname(address.path))
    except (importlib.metadata.PackageNotFoundError, *UNREADABLE):
        return None
    return (folder, editable) if address.scheme == "file" and (folder / "pyproject.toml").is_file() else None
