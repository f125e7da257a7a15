"""Joins the text of messages that broken streams left unfinished, over all streams of a response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail._frozen import clean_text
from threadtrail.recording.bounded import Bounded
from threadtrail.sources.bodies import parse
from threadtrail.sources.json_values import mapping, place, text_or_none
from threadtrail.sources.openai_responses.items import partial_message
from threadtrail.values import RefusalPart, TextPart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.recording.facts import MessageSeen
    from threadtrail.sources.openai_responses.items import Look
    from threadtrail.values import Part

RESPONSES = 256
"""The maximum number of responses whose unfinished text is kept."""

DELTA_BYTES = 150
"""The memory that a delta takes, apart from its text."""

Place = tuple[int, int]
"""The index of an output item, and that of a part of its content."""


class _Piece:
    """One part of a message: its deltas by sequence number, so that repeated ones count once."""

    def __init__(self, identity: str, *, refusal: bool) -> None:
        self.identity = identity
        self.refusal = refusal
        self.deltas: dict[int, str] = {}

    def part(self) -> Part:
        """Return the part as far as it is known."""
        text = clean_text("".join(delta for _, delta in sorted(self.deltas.items())))
        return RefusalPart(refusal=text) if self.refusal else TextPart(text=text)


class Partials:
    """Keeps the deltas of messages until their response has ended."""

    def __init__(self) -> None:
        self._of_run: Bounded[str, dict[Place, _Piece]] = Bounded(RESPONSES)

    def add(self, run_id: str, pieces: list[tuple[str, Any]]) -> None:
        """Add the deltas of a stream that has ended."""
        if not pieces:
            return
        known = self._of_run.get(run_id) or {}
        for number, (name, text) in enumerate(pieces):
            data = mapping(parse(text))
            at = place(data.get("output_index")), place(data.get("content_index"))
            identity = text_or_none(data.get("item_id")) or f"{run_id}/{at[0]}"
            piece = known.setdefault(at, _Piece(identity, refusal="refusal" in name))
            sequence, delta = data.get("sequence_number"), data.get("delta")
            at_number = sequence if isinstance(sequence, int) else number
            piece.deltas[at_number] = delta if isinstance(delta, str) else ""
        self._of_run.put(run_id, known)

    def messages(self, run_id: str, look: Look) -> Iterator[MessageSeen]:
        """Yield the messages of which a part is known."""
        parts: dict[tuple[int, str], list[Part]] = {}
        for (index, _), piece in sorted((self._of_run.get(run_id) or {}).items()):
            parts.setdefault((index, piece.identity), []).append(piece.part())
        for (index, identity), known in parts.items():
            yield partial_message(run_id, identity, index, tuple(known), look)

    def shrink(self, max_bytes: int) -> None:
        """Forget what was used longest ago until the rest takes ``max_bytes`` at most."""
        self._of_run.shrink(max_bytes, _size)

    @property
    def forgotten(self) -> int:
        """How many responses' texts were forgotten for lack of room."""
        return self._of_run.forgotten

    def forget(self, run_id: str) -> None:
        """Forget the deltas of a response that has ended: its object has the whole text."""
        self._of_run.pop(run_id)


def _size(pieces: dict[Place, _Piece]) -> int:
    return sum(DELTA_BYTES + len(text) for piece in pieces.values() for text in piece.deltas.values())
