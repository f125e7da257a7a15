"""What each object looked like when last seen: an unchanged one is not copied again.

A run polled fifty times is the same object forty-eight times. Reading three of its fields takes a
tenth of the time that copying it takes, and spares the recorder the rest.
"""

from __future__ import annotations

from typing import Any

REMEMBERED = 20_000


class Glances:
    """Marks by object id, bounded. Used by many threads at once: a lost mark costs one copy, no more."""

    def __init__(self) -> None:
        self._marks: dict[str, Any] = {}

    def unchanged(self, identity: str, mark: Any) -> bool:
        """Whether the object looked just like this when last seen; from now on it does."""
        marks = self._marks
        if marks.get(identity) == mark:
            return True
        marks[identity] = mark
        if len(marks) > REMEMBERED:
            # Half at once: an eviction per call would cost more than the copies it saves.
            self._marks = dict(list(marks.items())[REMEMBERED // 2 :])
        return False

    def knows(self, identity: Any) -> bool:
        """Whether an object of this id was seen before, parsed or in a raw response."""
        return identity in self._marks or raw_identity(identity) in self._marks


def raw_identity(identity: Any) -> str:
    """Under which id the body of a raw response is marked: it is compared as bytes, not by fields."""
    return f"raw {identity}"


def mark_of(model: Any, known_run: bool) -> tuple[Any, ...] | None:
    """The few fields by which an SDK object shows that it changed, or ``None`` if it has none.

    ``known_run``: whether the run that a message or step belongs to was known when it was seen; once
    it is, the object matters anew.
    """
    fields = model.__dict__
    kind = fields.get("object")
    if kind == "thread.run":
        calls = _required_calls(fields.get("required_action"))
        return (fields.get("status"), fields.get("usage") is None, calls, fields.get("metadata"))
    if kind == "thread.message":
        return (fields.get("status"), _lengths(fields.get("content")), known_run)
    if kind == "thread.run.step" and fields.get("status") != "in_progress":
        return (fields.get("status"), fields.get("usage") is None, _has_results(fields), known_run)
    return None


def _required_calls(action: Any) -> tuple[Any, ...] | None:
    """The ids of the tool calls that a run waits for."""
    calls = getattr(getattr(action, "submit_tool_outputs", None), "tool_calls", None)
    return tuple(getattr(call, "id", None) for call in calls) if isinstance(calls, list) else None


def _lengths(content: Any) -> tuple[int, ...]:
    """How long each text of a message is: one that is being written keeps its status while it grows."""
    return tuple(len(getattr(getattr(block, "text", None), "value", None) or "") for block in content or ())


def _has_results(step: dict[str, Any]) -> tuple[Any, ...]:
    """Which tool calls carry what only comes on request (``include``), or comes late."""
    calls = getattr(step.get("step_details"), "tool_calls", None) or ()
    found = [getattr(getattr(call, "file_search", None), "results", None) or () for call in calls]
    return tuple(
        len(results) + sum(bool(getattr(result, "content", None)) for result in results) for results in found
    )
