"""Copies of the app's and the SDK's objects, for where no body can be had."""

from __future__ import annotations

from typing import Any

_PLAIN = (str, int, float, bool, type(None))
_NOTHING = object()


def copy_model(model: Any) -> Any:
    """Return a deep copy of an SDK object, as the bytes of its JSON: one object, which nobody can change.

    A tree of dicts would take as long to make, and then the garbage collector's time in this thread.
    Fields that the server did not send stay out. Odd contents (unknown variants) are no reason to warn. Text
    that is no valid Unicode cannot be written as bytes: such an object is copied as a dict.
    """
    serializer = model.__pydantic_serializer__
    try:
        return serializer.to_json(model, warnings=False, exclude_unset=True)
    except ValueError:
        return serializer.to_python(model, warnings=False, exclude_unset=True)


def copy_arguments(given: dict[str, Any]) -> dict[str, Any]:
    """Return a deep copy of the arguments that are JSON-like.

    ``Omit`` and ``NotGiven`` stand for "not given". A generator is never touched: the SDK consumes it. An SDK
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
