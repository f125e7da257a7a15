"""Any dataclass of the vocabulary, with a text of ours in every content field: made from its fields alone."""

from __future__ import annotations

import dataclasses
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from threadtrail._frozen import AsJson, freeze


def filled(cls: type, text: str) -> Any:
    """Return a ``cls`` with ``text`` in each content field of it and of all dataclasses within.

    JSON values have it as values and as keys, at any depth.
    """
    hints = get_type_hints(cls, include_extras=True)
    return cls(
        **{
            item.name: _content(hints[item.name], text)
            if item.metadata.get("content")
            else _plain(hints[item.name], text, item.name)
            for item in dataclasses.fields(cls)
        }
    )


def count_content_fields(cls: type) -> int:
    """Count the content fields that ``filled`` fills, so that a test knows it tests something."""
    hints = get_type_hints(cls, include_extras=True)
    own = sum(bool(item.metadata.get("content")) for item in dataclasses.fields(cls))
    return own + sum(
        count_content_fields(inner)
        for item in dataclasses.fields(cls)
        if not item.metadata.get("content")
        for inner in _dataclasses_in(hints[item.name])
    )


def _dataclasses_in(hint: Any) -> list[type]:
    if dataclasses.is_dataclass(hint):
        return [hint] if isinstance(hint, type) else []
    if get_origin(hint) is Literal:
        return []
    return [inner for argument in get_args(hint) for inner in _dataclasses_in(argument)]


def _content(hint: Any, text: str) -> Any:
    origin = get_origin(hint)
    if origin is Annotated:
        kind = next(extra.kind for extra in get_args(hint) if isinstance(extra, AsJson))
        deep = {
            "key": text,
            text: 2,
            "list": [text, {"inner": [text, 1, None, True], text: [{text: {}}]}],
            "n": 1,
        }
        return freeze(deep if kind == "object" else [text, deep])
    if origin is tuple:
        return (_content(get_args(hint)[0], text), _content(get_args(hint)[0], text))
    if origin in {Union, types.UnionType}:
        return _content(next(each for each in get_args(hint) if each is not type(None)), text)
    assert hint is str, f"a content field of a new kind: {hint}; teach it to this module"
    return text


def _plain(hint: Any, text: str, name: str) -> Any:
    origin = get_origin(hint)
    if dataclasses.is_dataclass(hint):
        assert isinstance(hint, type)
        return filled(hint, text)
    if origin is Annotated:
        return freeze({"kept": name})
    if origin is Literal:
        return get_args(hint)[0]
    if origin is tuple:
        inner = get_args(hint)[0]
        choices = get_args(inner) if get_origin(inner) in {Union, types.UnionType} else (inner,)
        return tuple(_plain(choice, text, name) for choice in choices)
    if origin in {Union, types.UnionType}:
        return _plain(next(each for each in get_args(hint) if each is not type(None)), text, name)
    number = 1_790_000_000_000_000_000 if name == "time" or name.endswith("_at") else 7
    plain: dict[Any, Any] = {str: f"{name}-kept", int: number, float: 0.5, bool: True}
    return plain[hint]
