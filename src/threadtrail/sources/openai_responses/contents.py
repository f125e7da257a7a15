"""Converts the content of messages, sent or received, to parts: pure functions that take any value."""

from __future__ import annotations

from typing import Any

from threadtrail._frozen import clean_text, freeze
from threadtrail.sources.json_values import items, mapping, objects, text_or_none
from threadtrail.values import FilePart, ImagePart, OtherPart, Part, ReasoningPart, RefusalPart, TextPart

TEXTS = frozenset({"input_text", "output_text", "text"})
THOUGHTS = frozenset({"reasoning_text", "summary_text"})


def parts(content: Any) -> tuple[Part, ...]:
    """Return the content of an item: a text, or a list of typed blocks."""
    if isinstance(content, str):
        return (TextPart(text=clean_text(content)),)
    return tuple(map(_part, objects(content)))


def reasoning(item: dict[str, Any]) -> tuple[Part, ...]:
    """Return the parts of a reasoning item; of encrypted content, only its size in bytes."""
    texts = [*parts(item.get("summary")), *parts(item.get("content"))]
    encrypted = item.get("encrypted_content")
    if isinstance(encrypted, str):
        texts.append(ReasoningPart(encrypted_bytes=len(encrypted)))
    return tuple(texts)


def joined_text(content: Any) -> str | None:
    """Return a text, or all texts in a list of blocks or items, one per line; ``None`` if there is none."""
    if isinstance(content, str):
        return clean_text(content)
    texts: list[str] = []
    for each in items(content):
        block = mapping(each)
        inner = joined_text(block.get("content"))
        texts += filter(None, [inner, text_or_none(block.get("text"))])
    return "\n".join(texts) or None


def _part(block: dict[str, Any]) -> Part:
    kind = text_or_none(block.get("type")) or "unknown"
    if kind in TEXTS and isinstance(block.get("text"), str):
        notes = freeze(objects(block.get("annotations")))
        return TextPart(text=clean_text(block["text"]), annotations=notes)
    if kind in THOUGHTS and isinstance(block.get("text"), str):
        return ReasoningPart(text=clean_text(block["text"]))
    if kind == "refusal" and isinstance(block.get("refusal"), str):
        return RefusalPart(refusal=clean_text(block["refusal"]))
    reads = _FILES.get(kind)
    return OtherPart(type=kind, data=freeze(block)) if reads is None else reads(block)


def _image(block: dict[str, Any]) -> Part:
    return ImagePart(
        file_id=text_or_none(block.get("file_id")),
        url=text_or_none(block.get("image_url")),
        detail=text_or_none(block.get("detail")),
    )


def _file(block: dict[str, Any]) -> Part:
    return FilePart(
        file_id=text_or_none(block.get("file_id")),
        filename=text_or_none(block.get("filename")),
        url=text_or_none(block.get("file_data")) or text_or_none(block.get("file_url")),
    )


def _audio(block: dict[str, Any]) -> Part:
    audio = mapping(block.get("input_audio"))
    data, form = text_or_none(audio.get("data")), text_or_none(audio.get("format"))
    return FilePart(url=data and f"data:audio/{form or 'wav'};base64,{data}")


_FILES = {
    "input_image": _image,
    "output_image": _image,
    "computer_screenshot": _image,
    "input_file": _file,
    "input_audio": _audio,
}
