"""Turn whatever the SDK returns, yields or raises into JSON that can be compared."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from pydantic import BaseModel

_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
_PORT = re.compile(r"(127\.0\.0\.1|localhost):\d+")

_RUN_ID = re.compile(r"(?:run|resp)_[0-9A-Za-z]{24}")
runs_told: set[str] = set()
"""The ids of all runs and responses that were in anything described, until somebody clears it."""


def scrub(text: str) -> str:
    """Leave out what differs from process to process: addresses in memory and free ports."""
    runs_told.update(_RUN_ID.findall(text))
    return _PORT.sub(r"\1:PORT", _ADDRESS.sub("0x", text))


def type_name(value: object) -> str:
    """Name the type itself, never what an object pretends to be through `__class__`."""
    return f"{type(value).__module__}.{type(value).__qualname__}"


def describe(value: Any) -> Any:
    """Return what can be seen of a value: types and fields all the way down."""
    if isinstance(value, BaseModel):
        return _describe_model(value)
    if value is None or type(value) in {bool, int, float}:
        return value
    if type(value) is str:
        return scrub(value)
    if type(value) in {list, tuple}:
        return [describe(item) for item in value]
    if type(value) is dict:
        return {str(key): describe(item) for key, item in value.items()}
    # Not an exact built-in: its own type has to show, whatever it equals.
    return {"type": type_name(value), "repr": scrub(repr(value))}


def _describe_model(model: BaseModel) -> dict[str, Any]:
    # `__dict__` and not `model_dump()`: an attribute that somebody left there must show.
    fields = {name: describe(value) for name, value in vars(model).items()}
    return {
        "type": type_name(model),
        "fields": fields,
        "extra": describe(model.model_extra),
        "set": sorted(model.model_fields_set),
        "private": sorted(model.__pydantic_private__ or ()),
        "request_id": describe(getattr(model, "_request_id", None)),
    }


def describe_error(error: BaseException) -> dict[str, Any]:
    """Return the type, the words and the chain of an exception."""
    chain = {"cause": error.__cause__, "context": error.__context__}
    described: dict[str, Any] = {
        "type": type_name(error),
        "message": scrub(str(error)),
        "notes": getattr(error, "__notes__", []),
        "suppress_context": error.__suppress_context__,
    }
    described |= {name: type_name(link) if link else None for name, link in chain.items()}
    for name in ("status_code", "request_id", "code", "param", "body"):
        if hasattr(error, name):
            described[name] = describe(getattr(error, name))
    return described


def digest(value: Any) -> str:
    """Return the type of a value and a short hash of all that can be seen of it."""
    text = json.dumps(describe(value), sort_keys=True)
    return f"{type_name(value)} {hashlib.sha256(text.encode()).hexdigest()[:12]}"
