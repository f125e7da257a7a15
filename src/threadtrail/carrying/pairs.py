"""A carrier as pairs of texts: ``traceparent``, by W3C, and ``threadtrail``, JSON in a format of its own.

Both are ASCII, so that they fit into metadata, queue messages and headers alike. Strangers may write what is
read here: it is bounded, parsed strictly, and ignored if it is malformed.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from threadtrail._frozen import freeze
from threadtrail.carrying.w3c import read_trace_id, read_traceparent, read_tracestate
from threadtrail.values import EMPTY, NO_ATTRIBUTES, Attributes, Carried

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NAMES", "OWN", "TRACEPARENT", "TRACESTATE", "parse", "split", "write"]

OWN = "threadtrail"
TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
NAMES = frozenset({OWN, TRACEPARENT, TRACESTATE})

VERSION = 1
MAX_CHARACTERS = 512
"""The maximum length of a value, as the API allows in metadata."""

SECOND = 1_000_000_000
LATEST = 1 << 33
"""The latest valid time, in Unix seconds."""

DROPPED_FIRST = ("tracestate", "metadata", "tags", "user_id", "session_id")
"""The parts that are left out if a carrier is too long, in this order."""


def write(carried: Carried) -> dict[str, str]:
    """Return the pairs: two at most, of 512 characters at most; none if there is nothing to carry.

    If they are too long, ``tracestate``, metadata, tags, user, session and the end of the trace's name are
    left out, in this order.
    """
    pairs = {} if carried.traceparent is None else {TRACEPARENT: carried.traceparent}
    text = _own(carried)
    for name in DROPPED_FIRST:
        if len(text) <= MAX_CHARACTERS:
            break
        carried = _without(carried, name)
        text = _own(carried)
    while len(text) > MAX_CHARACTERS:
        name = carried.trace_name or ""
        carried = replace(carried, trace_name=name[: len(name) * 3 // 4])
        text = _own(carried)
    return {**pairs, OWN: text} if pairs or _says_something(carried) else {}


def _says_something(carried: Carried) -> bool:
    return carried.trace_id is not None or carried.attributes != NO_ATTRIBUTES


def _without(carried: Carried, name: str) -> Carried:
    if name == "tracestate":
        return replace(carried, tracestate=None)
    default = getattr(NO_ATTRIBUTES, name)
    return replace(carried, attributes=replace(carried.attributes, **{name: default}))


def _own(carried: Carried) -> str:
    caller = carried.attributes
    values = {
        "v": VERSION,
        "at": None if carried.made_at is None else carried.made_at // SECOND,
        "trace": carried.trace_id,
        "outermost": carried.outermost_trace_id,
        "around": carried.around,
        "name": carried.trace_name,
        "state": carried.tracestate,
        "user": caller.user_id,
        "session": caller.session_id,
        "tags": caller.tags or None,
        "metadata": caller.metadata or None,
    }
    known = {name: value for name, value in values.items() if value is not None}
    try:
        return json.dumps(known, separators=(",", ":"), allow_nan=False)
    except ValueError:  # only metadata has numbers that JSON has not
        return _own(_without(carried, "metadata"))


def split(metadata: Any) -> tuple[Carried | None, Any]:
    """Return the carrier in metadata, and the metadata without its pairs."""
    if not metadata or (OWN not in metadata and TRACEPARENT not in metadata):
        return None, metadata
    carried = parse(metadata)
    taken = set() if _read_own(metadata.get(OWN)) is None else {OWN}
    if carried is not None and carried.traceparent is not None:
        taken |= {TRACEPARENT, TRACESTATE}
    rest = {key: value for key, value in metadata.items() if key not in taken}
    return carried, freeze(rest) or EMPTY


def parse(pairs: Mapping[str, Any]) -> Carried | None:
    """Return the carrier among these pairs; ``None`` if there is none."""
    parent = read_traceparent(pairs.get(TRACEPARENT))
    own = _read_own(pairs.get(OWN))
    if own is None:
        own = None if parent is None else Carried()
    if own is None:
        return None
    state = read_tracestate(pairs.get(TRACESTATE)) or own.tracestate
    return replace(own, traceparent=parent, tracestate=None if parent is None else state)


def _read_own(text: object) -> Carried | None:
    if not isinstance(text, str) or len(text) > MAX_CHARACTERS or not text.isascii():
        return None
    try:
        values = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict) or values.get("v") != VERSION or isinstance(values["v"], bool):
        return None
    trace_id = read_trace_id(values.get("trace"))
    return Carried(
        tracestate=read_tracestate(values.get("state")),
        trace_id=trace_id,
        trace_name=_text(values.get("name")) if trace_id else None,
        outermost_trace_id=read_trace_id(values.get("outermost")) if trace_id else None,
        around=read_trace_id(values.get("around")) if trace_id else None,
        attributes=_attributes(values),
        made_at=_time(values.get("at")),
    )


def _refuse(_name: str) -> NoReturn:
    raise ValueError("not JSON")


def _attributes(values: dict[str, Any]) -> Attributes:
    tags, metadata = values.get("tags"), values.get("metadata")
    return Attributes(
        user_id=_text(values.get("user")),
        session_id=_text(values.get("session")),
        tags=tuple(freeze(tag) for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        metadata=freeze(metadata) if isinstance(metadata, dict) else EMPTY,
    )


def _text(value: object) -> str | None:
    return freeze(value) if isinstance(value, str) else None


def _time(value: object) -> int | None:
    number = isinstance(value, int) and not isinstance(value, bool)
    return value * SECOND if number and 0 <= value < LATEST else None  # type: ignore[operator]  # a number
