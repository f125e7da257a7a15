"""The page as one HTML document: its own files are inlined and allowed by their hashes, nothing else is."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

STYLES = ("theme", "frame", "timeline", "list", "detail", "waterfall", "conversation", "compare")
SCRIPT = "main"
"""The module that imports all others."""

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(async |function|const|let|class))", re.MULTILINE)


def document(index: str, chunks: Iterable[str], *, live: bool = False) -> str:
    """Return the whole page.

    Args:
        index: the JSON that the page begins with.
        chunks: the details, as base64.
        live: whether a server serves the page, which it may ask for details and changes.
    """
    style, script = stylesheet(), program()
    data = "".join(
        f'<script type="application/octet-stream" id="chunk-{number}">{chunk}</script>\n'
        for number, chunk in enumerate(chunks)
    )
    values = {
        "policy": policy(style, script, live=live),
        "style": style,
        "script": script,
        "index": index,
        "chunks": data,
    }
    parts = re.split(r"\{\{(\w+)\}\}", _file("index.html"))
    return "".join(values[part] if number % 2 else part for number, part in enumerate(parts))


def policy(style: str, script: str, *, live: bool) -> str:
    """Return the Content-Security-Policy: only this style and script, and images that the recording holds."""
    rules = {
        "default-src": "'none'",
        "script-src": _hash(script),
        "style-src": _hash(style),
        "img-src": "data:",
        "connect-src": "'self'" if live else "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


@cache
def stylesheet() -> str:
    """Return all styles, in order."""
    return "\n".join(_file(f"{name}.css") for name in STYLES)


@cache
def program() -> str:
    """Return all modules as one script, which share their names: each after those that it imports."""
    ordered: dict[str, str] = {}

    def add(name: str) -> None:
        if name in ordered:
            return
        source = _file(f"{name}.js")
        for imported in _IMPORT.findall(source):
            add(imported)
        ordered[name] = _EXPORT.sub("", _IMPORT.sub("", source))

    add(SCRIPT)
    return "\n".join(ordered.values())


def _file(name: str) -> str:
    return resources.files(__package__).joinpath("page", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
