"""Grouping and attribution: ``threadtrail.trace()``, ``threadtrail.attributes()``, ``threadtrail.tool()``."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from threadtrail._foreign import freeze_any, text_of
from threadtrail._guard import guard
from threadtrail.blocks import Block
from threadtrail.values import NO_ATTRIBUTES, Attributes


def trace(
    name: str,
    *,
    user_id: str | None = None,
    session_id: str | None = None,
    tags: Iterable[str] = (),
    metadata: Mapping[str, Any] | None = None,
) -> Block:
    """Group the runs that begin in this block into one trace, in every exporter.

    Use it as ``with``, ``async with`` or a decorator. The other arguments are as for ``attributes()``.

    Raises:
        TypeError: ``name`` is None or a function (``@trace`` without a name), or as for ``attributes()``.
    """
    return Block(_attributes(user_id, session_id, tags, metadata), name=_trace_name(name))


def tool(call_id: str) -> Block:
    """Mark this block as the work of a tool call.

    The call then lasts as long as the block, rather than from its request until its output is sent;
    an exception that leaves the block is the call's error. Runs that begin in the block are below the call.
    Use it as ``with``, ``async with``, or around a function: ``threadtrail.tool(call_id)(look_up)(city)``.

    Args:
        call_id: ``item.call_id`` of a response's function call, ``tool_call.id`` of an assistant's run.

    Raises:
        TypeError: ``call_id`` is None, a function (``@tool`` without an id), or the call itself.
    """
    return Block(NO_ATTRIBUTES, call_id=_call_id(call_id))


def attributes(
    *,
    user_id: str | None = None,
    session_id: str | None = None,
    tags: Iterable[str] = (),
    metadata: Mapping[str, Any] | None = None,
) -> Block:
    """Add attributes of the caller to the runs that begin in this block.

    Nested blocks add up: tags and metadata join, an inner ``user_id`` or ``session_id`` wins.

    Ids, names and tags that are not strings, such as numbers, are converted by ``str()``.

    Raises:
        TypeError: ``tags`` is not a list of strings (a single string would be read letter by letter), or
            ``metadata`` is not a mapping.
    """
    return Block(_attributes(user_id, session_id, tags, metadata))


def _attributes(
    user_id: str | None, session_id: str | None, tags: Iterable[str], metadata: Mapping[str, Any] | None
) -> Attributes:
    return Attributes(
        user_id=None if user_id is None else text_of(user_id),
        session_id=None if session_id is None else text_of(session_id),
        tags=_tags(tags),
        metadata=_metadata(metadata),
    )


# What follows takes any object: not every app is checked for types.


def _trace_name(name: object) -> str:
    if name is None or inspect.isroutine(name):
        raise TypeError(f'a trace needs a name, such as threadtrail.trace("answer a question"), not {name!r}')
    return text_of(name)


def _call_id(call_id: object) -> str:
    if call_id is None or inspect.isroutine(call_id):
        raise TypeError(f"a tool needs the id of its call: threadtrail.tool(item.call_id), not {call_id!r}")
    itself, _ = guard.catch(_is_call, call_id)
    if itself:
        given = type(call_id).__name__
        raise TypeError(f"a tool needs the id of its call: threadtrail.tool(item.call_id), not the {given}")
    return text_of(call_id)


def _is_call(given: object) -> bool:
    """Return whether this is a call, of an SDK or as a dictionary, rather than its id."""
    return isinstance(given, Mapping) or hasattr(given, "call_id") or hasattr(given, "id")


def _metadata(metadata: object) -> Mapping[str, Any]:
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, Mapping):
        raise TypeError(f'metadata must be a mapping, such as {{"plan": "pro"}}, not {metadata!r}')
    frozen: Mapping[str, Any] = freeze_any(metadata)
    return frozen


def _tags(tags: object) -> tuple[str, ...]:
    if isinstance(tags, str):
        raise TypeError(f"tags must be a list of strings, not one string: tags=[{tags!r}]")
    given = list(tags) if isinstance(tags, Iterable) else [None]
    if any(tag is None for tag in given):
        raise TypeError(f'tags must be a list of strings, such as ["beta"], not {tags!r}')
    return tuple(text_of(tag) for tag in given)
