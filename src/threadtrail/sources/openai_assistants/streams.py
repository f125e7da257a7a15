"""Reads the stream of a run in the app's thread: copies events, keeps deltas until their object is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.instrumentation.copies import copy_model

if TYPE_CHECKING:
    from threadtrail.sources.source import StreamNotes

WHOLE = frozenset(
    {
        "thread.message.completed",
        "thread.message.incomplete",
        "thread.run.step.completed",
        "thread.run.step.failed",
        "thread.run.step.cancelled",
        "thread.run.step.expired",
    }
)
"""Events that hold a whole object, so that its deltas can be forgotten."""

MAX_PIECES = 200_000
"""The maximum number of deltas that are kept of one stream; each takes a few hundred bytes."""

MAX_BYTES = 16_777_216
"""The maximum length of their texts, in characters."""


class AssistantStream:
    """Reads the events of one stream (API reference, "Assistant stream events")."""

    reads_text = False

    def __init__(self, notes: StreamNotes) -> None:
        self._notes = notes
        self._deltas: dict[str, list[tuple[Any, Any]]] = {}
        self._pieces = self._length = 0
        self._output = False

    def event(self, event: Any) -> None:
        """Look at an event. It is copied at once, since the SDK's own handler changes these objects later."""
        if self._notes.is_closed:
            return
        name = getattr(event, "event", None)
        data: Any = getattr(event, "data", None)
        if name == "thread.message.delta":
            # Nearly all events are of this kind, so it is handled first and fast.
            if not self._output:
                self._first_output()
            try:
                known = self._deltas.get(data.id)
                if known is None:
                    known = self._deltas[data.id] = []
                text = _text_of(data)
                length = len(text[1]) if text is not None else 0
            except (AttributeError, TypeError):  # not a delta, despite its name
                self._notes.unkept()
                return
            if self._has_room(length):
                known.append(text or (name, copy_model(data)))
            return
        self._other(name, data, event)

    def _other(self, name: str | None, data: Any, event: Any) -> None:
        if name is None:
            name, data = _nameless_error(event)
        if name == "thread.run.step.delta":
            self._first_output()
            try:
                known, length = self._deltas.setdefault(data.id, []), _length_of_calls(data)
            except (AttributeError, TypeError):
                self._notes.unkept()
                return
            if self._has_room(length):
                known.append((name, copy_model(data)))
        elif name is not None:
            copy = copy_model(data) if hasattr(data, "__pydantic_serializer__") else data
            if name in WHOLE:
                self._deltas.pop(str(getattr(data, "id", "")), None)
                if not self._deltas:
                    self._pieces = self._length = 0
            self._notes.note(name, copy)

    def text(self, name: str, data: bytes) -> None:
        """Look at an event as it was sent; of deltas, only the time of the first output is kept."""
        if self._notes.is_closed:
            return
        if name.endswith(".delta"):
            self._first_output()
        elif name:
            self._notes.note(name, data)

    def pieces(self) -> list[tuple[str, Any]]:
        """Return the deltas of objects that were never completed."""
        kept = [
            _whole(identity, delta) for identity, deltas in list(self._deltas.items()) for delta in deltas
        ]
        self._deltas.clear()
        return kept

    def _has_room(self, length: int) -> bool:
        """Return whether there is room for one more piece; count it as not kept if there is none."""
        self._pieces += 1
        self._length += length
        if self._pieces <= MAX_PIECES and self._length <= MAX_BYTES:
            return True
        self._notes.unkept()
        return False

    def _first_output(self) -> None:
        if not self._output:
            self._output = True
            self._notes.first_output()


def _nameless_error(event: Any) -> tuple[str | None, Any]:
    """Return name and data of an ``error`` event as the SDK's helpers yield it (openai 1.109 to 3.54).

    It comes as an event of another class, without name and data, but with the error's own fields.
    """
    fields = getattr(event, "model_extra", None) or {}
    return ("error", dict(fields)) if "message" in fields else (None, None)


def _text_of(data: Any) -> tuple[int, str] | None:
    """Return index and text of an ordinary delta, a single piece of text; ``None`` for any other."""
    content = data.delta.content
    if content is None or len(content) != 1:
        return None
    block = content[0]
    text = block.text if block.type == "text" else None
    # Reading a field of a model takes as long as a call, so each is read once.
    return None if text is None or text.annotations else (block.index, text.value)


def _length_of_calls(data: Any) -> int:
    """Return the length of the texts in a delta of a step: arguments, code, what the code printed."""
    total = 0
    for call in getattr(data.delta.step_details, "tool_calls", None) or ():
        tool = getattr(call, "function", None) or getattr(call, "code_interpreter", None)
        total += sum(len(value) for value in vars(tool).values() if isinstance(value, str)) if tool else 0
    return total


def _whole(identity: str, delta: tuple[Any, Any]) -> tuple[str, Any]:
    """Return a delta in its original form, from what was kept of it."""
    index, value = delta
    if not isinstance(index, int):
        return delta
    piece = {"index": index, "type": "text", "text": {"value": value}}
    return "thread.message.delta", {"id": identity, "delta": {"content": [piece]}}
