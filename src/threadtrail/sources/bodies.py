"""Reads what was noted of calls: the bodies of requests and responses, and the query of a list."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from pydantic_core import from_json

if TYPE_CHECKING:
    from threadtrail.recording.observation import Call

MAX_DEPTH = 100
"""The maximum depth of values in what the fast parser does not take (it takes some 200 levels)."""

_STRUCTURE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)


def parse(noted: Any) -> Any:
    """Return what was noted as dicts and lists: JSON text (a body, or a copy of an object), or a plain value.

    Return ``None`` for text that is not JSON: a server may send some even with status 200.
    """
    if not isinstance(noted, (bytes, str)):
        return _shallow(noted)
    try:
        value = _from_json(noted)
    except ValueError:
        return None
    return value if isinstance(value, (dict, list)) else None


def request_of(call: Call) -> dict[str, Any]:
    """Return the fields of the call's request body; if it has none, those of its query."""
    request = parse(call.request) if call.request else None
    if isinstance(request, dict):
        return request
    return dict(parse_qsl(call.query.decode("ascii", "replace"))) if call.query else {}


def _from_json(text: bytes | str) -> Any:
    try:
        return from_json(text)
    except ValueError:
        if isinstance(text, bytes):
            text = text.decode(json.detect_encoding(text), "surrogatepass")
        # Servers do send lone surrogates in escapes, which are invalid; the standard library accepts them.
        return json.loads(_shallow_text(text))


def _shallow(value: Any, depth: int = 0) -> Any:
    """Return a value with ``None`` for the lists and objects that are nested too deep in it."""
    if not isinstance(value, (dict, list)):
        return value
    if depth == MAX_DEPTH:
        return None
    if isinstance(value, list):
        return [_shallow(item, depth + 1) for item in value]
    return {key: _shallow(item, depth + 1) for key, item in value.items()}


def _shallow_text(text: str) -> str:
    """Return JSON text with ``null`` for the lists and objects that are nested too deep in it."""
    kept, depth, start = [], 0, 0
    for found in _STRUCTURE.finditer(text):
        if found[0] in {"[", "{"}:
            depth += 1
            if depth == MAX_DEPTH + 1:
                kept += [text[start : found.start()], "null"]
        elif found[0] in {"]", "}"}:
            depth -= 1
            if depth == MAX_DEPTH:
                start = found.end()
    return "".join([*kept, text[start:]])
