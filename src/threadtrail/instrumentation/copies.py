"""Copies of the SDK's objects: what is written down is what was true when it was seen."""

from __future__ import annotations

from typing import Any


def copy_model(model: Any) -> Any:
    """A deep copy of an SDK object, as the bytes of its JSON: one object, which nobody can change.

    A tree of dicts would take as long to make, and then the garbage collector's time in this thread.
    Odd contents (unknown variants) are no reason to warn. Text that is no valid Unicode cannot be
    written as bytes: such an object is copied as a dict.
    """
    serializer = model.__pydantic_serializer__
    try:
        return serializer.to_json(model, warnings=False)
    except ValueError:
        return serializer.to_python(model, warnings=False)
