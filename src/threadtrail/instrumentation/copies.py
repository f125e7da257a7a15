"""Copies the app's and the SDK's objects, if no body is at hand."""

from __future__ import annotations

from typing import Any

_PLAIN = (str, int, float, bool, type(None))
_NOTHING = object()

MAX_DEPTH = 100
"""The maximum depth of values in an object that cannot be written as JSON."""


def copy_model(model: Any) -> Any:
    """Return a deep copy of an SDK object as the bytes of its JSON: one object, which nobody can change.

    A tree of dicts would take as long to make, and more of the garbage collector's time in this thread.
    Fields that the server did not send are left out. Unexpected contents (unknown variants) cause no warning.
    An object that cannot be written as JSON, since its text is not valid Unicode or it is nested too deep, is
    copied as a dict.
    """
    try:
        return model.__pydantic_serializer__.to_json(model, warnings=False, exclude_unset=True)
    except ValueError:
        return _plain(model, MAX_DEPTH)


def _plain(value: Any, depth: int) -> Any:
    """Return an SDK object, or a value in one, as plain data; ``None`` for what is deeper than ``depth``."""
    if isinstance(value, _PLAIN):
        return value
    if depth == 0:
        return None
    if isinstance(value, (list, tuple)):
        return [_plain(item, depth - 1) for item in value]
    if not isinstance(value, dict):
        sent = getattr(value, "model_fields_set", ())
        of_api = {name: item for name, item in vars(value).items() if name in sent}
        value = {**of_api, **(getattr(value, "model_extra", None) or {})}
    return {name: _plain(item, depth - 1) for name, item in value.items()}


def copy_arguments(given: dict[str, Any]) -> dict[str, Any]:
    """Return a deep copy of the arguments that are JSON-like.

    ``Omit`` and ``NotGiven`` are left out. A generator is never touched, since the SDK consumes it. An SDK
    object among the data is copied as a dict.
    """
    copied: dict[str, Any] = _copy(given)
    return copied


def _copy(value: Any) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, dict):
        return {str(key): item for key, raw in value.items() if (item := _copy(raw)) is not _NOTHING}
    if isinstance(value, (list, tuple)):
        return [item for raw in value if (item := _copy(raw)) is not _NOTHING]
    return value.model_dump(warnings=False, exclude_unset=True) if hasattr(value, "model_dump") else _NOTHING
