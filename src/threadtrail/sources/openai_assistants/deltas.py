"""Joins the deltas of a broken stream: the part of a message or a tool call that it had sent."""

from __future__ import annotations

from typing import Any

from threadtrail.sources import json_values
from threadtrail.sources.bodies import parse
from threadtrail.sources.openai_assistants.streams import WHOLE

Objects = dict[tuple[str, str], list[dict[str, Any]]]


def joined(deltas: list[tuple[str, Any]]) -> Objects:
    """Return the joined blocks of each object that was not completed, by the name of its event and its id.

    ``deltas`` are ``("thread.message.delta" | "thread.run.step.delta", data)`` in order of arrival, with the
    events among them that hold a whole object.
    """
    by_object: dict[tuple[str, str], dict[int, dict[str, Any]]] = {}
    for name, noted in deltas:
        data = json_values.mapping(parse(noted))
        identity = json_values.text_or_none(data.get("id"))
        delta = json_values.mapping(data.get("delta"))
        if identity is None or not (delta or name in WHOLE):
            continue
        if name in WHOLE:
            by_object.pop((f"{name.rpartition('.')[0]}.delta", identity), None)
            continue
        pieces = by_object.setdefault((name, identity), {})
        content = delta.get("content") or json_values.mapping(delta.get("step_details")).get("tool_calls")
        for piece in json_values.items(content):
            if isinstance(piece, dict):
                _add(pieces.setdefault(json_values.place(piece.get("index")), {}), piece)
    return {key: [pieces[index] for index in sorted(pieces)] for key, pieces in by_object.items()}


def _add(whole: dict[str, Any], piece: dict[str, Any]) -> None:
    """Add a delta to what came before: text grows, objects merge, the rest is replaced."""
    for key, value in piece.items():
        known = whole.get(key)
        if isinstance(value, dict) and isinstance(known, dict):
            _add(known, value)
        elif _grows(key, known, value):
            whole[key] = known + value
        elif value is not None:
            whole[key] = dict(value) if isinstance(value, dict) else value


def _grows(key: str, known: Any, value: Any) -> bool:
    """Return whether a value is appended to the known one instead of replacing it."""
    if isinstance(value, list):
        return isinstance(known, list)
    return isinstance(value, str) and isinstance(known, str) and key not in {"id", "type"}
