"""Writes messages and reasoning piece by piece, as a stream sends them.

Each function fills the item while it yields the events, so an application that looks at a half-streamed item
sees what has been sent so far.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from threadtrail.testing.server.deltas import words
from threadtrail.testing.server.objects import Json
from threadtrail.testing.server.steps import ImageFile, Message, Part, Refusal, Text

if TYPE_CHECKING:
    from threadtrail.testing.server.responses.calls import Reasoning

Pieces: TypeAlias = Iterator[tuple[str, Json]]
"""Events without their place in the stream: names after `response.`, and data."""


def new_message(step: Message, item_id: str) -> Json:
    """Return the item of a message that is still empty."""
    return {
        "id": item_id,
        "type": "message",
        "status": "in_progress",
        "role": "assistant",
        "content": [],
        **step.extra,
    }


def write_message(step: Message, item: Json) -> Pieces:
    """Write the parts of a message."""
    for index, part in enumerate(step.parts):
        yield from _write_part(part, index, item["content"])


def _write_part(part: Part, index: int, content: list[Json]) -> Pieces:
    match part:
        case str():
            yield from _text(Text(part), index, content)
        case Text():
            yield from _text(part, index, content)
        case ImageFile():
            # A response shows a file of its container by an annotation.
            citation = {"type": "container_file_citation", "container_id": "cntr_1", "filename": "image.png"}
            place = {"file_id": part.file_id or "cfile_1", "start_index": 0, "end_index": 0}
            yield from _text(Text("", ({**citation, **place},)), index, content)
        case Refusal():
            yield from _refusal(part.refusal, index, content)
        case _:
            content.append(dict(part))
            yield "content_part.added", {"content_index": index, "part": dict(part)}
            yield "content_part.done", {"content_index": index, "part": dict(part)}


def _text(part: Text, index: int, content: list[Json]) -> Pieces:
    at = {"content_index": index}
    block: Json = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    content.append(block)
    yield "content_part.added", {**at, "part": block}
    for piece in words(part.value):
        block["text"] += piece
        yield "output_text.delta", {**at, "delta": piece, "logprobs": []}
    for number, given in enumerate(part.annotations):
        annotation = _annotation(given)
        block["annotations"].append(annotation)
        yield "output_text.annotation.added", {**at, "annotation_index": number, "annotation": annotation}
    yield "output_text.done", {**at, "text": block["text"], "logprobs": []}
    yield "content_part.done", {**at, "part": block}


def _annotation(given: Mapping[str, Any]) -> Json:
    """Return an annotation without nesting; Assistants nests the citation below the annotation's type."""
    kind = given.get("type")
    nested = given.get(str(kind))
    if not isinstance(nested, Mapping):
        return dict(given)
    cited = {"filename": "file", "index": given.get("start_index", 0)} if kind == "file_citation" else {}
    return {"type": kind, **cited, **nested}


def _refusal(text: str, index: int, content: list[Json]) -> Pieces:
    at = {"content_index": index}
    block = {"type": "refusal", "refusal": ""}
    content.append(block)
    yield "content_part.added", {**at, "part": block}
    for piece in words(text):
        block["refusal"] += piece
        yield "refusal.delta", {**at, "delta": piece}
    yield "refusal.done", {**at, "refusal": block["refusal"]}
    yield "content_part.done", {**at, "part": block}


def new_reasoning(step: Reasoning, item_id: str) -> Json:
    """Return a reasoning item that is still empty."""
    item: Json = {"id": item_id, "type": "reasoning", "summary": []}
    if step.content:
        item["content"] = []
    if step.encrypted is not None:
        item["encrypted_content"] = step.encrypted
    return {**item, **step.extra}


def write_reasoning(step: Reasoning, item: Json) -> Pieces:
    """Write the reasoning and its summary."""
    yield from _thoughts(step.content, item)
    for index, text in enumerate(step.summary):
        at = {"summary_index": index}
        block = {"type": "summary_text", "text": ""}
        item["summary"].append(block)
        yield "reasoning_summary_part.added", {**at, "part": block}
        for piece in words(text):
            block["text"] += piece
            yield "reasoning_summary_text.delta", {**at, "delta": piece}
        yield "reasoning_summary_text.done", {**at, "text": block["text"]}
        yield "reasoning_summary_part.done", {**at, "part": block}


def _thoughts(texts: Sequence[str], item: Json) -> Pieces:
    for index, text in enumerate(texts):
        at = {"content_index": index}
        block = {"type": "reasoning_text", "text": ""}
        item["content"].append(block)
        yield "content_part.added", {**at, "part": block}
        for piece in words(text):
            block["text"] += piece
            yield "reasoning_text.delta", {**at, "delta": piece}
        yield "reasoning_text.done", {**at, "text": block["text"]}
        yield "content_part.done", {**at, "part": block}
