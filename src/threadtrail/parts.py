"""The parts of a message: text, images, files, reasoning, tool calls and their outputs.

A field marked ``CONTENT`` holds the app's own data. ``capture_content=False`` sets it back to its
default, ``redact`` sees each text in it, and ``max_content_bytes`` shortens it. This applies to every field
that has the mark, of any class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from threadtrail._frozen import AsJson, FrozenDict
from threadtrail._quick import construct_quickly

CONTENT = {"content": True}
"""Marks a dataclass field as the app's own data."""

JsonObject = Annotated[Mapping[str, Any], AsJson("object")]
JsonValue = Annotated[Any, AsJson("any")]

EMPTY: Mapping[str, Any] = FrozenDict()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """Text of a message, with the API's annotations (citations, file paths) as they came."""

    type: Literal["text"] = "text"
    text: str = field(default="", metadata=CONTENT)
    annotations: tuple[JsonObject, ...] = field(default=(), metadata=CONTENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalPart:
    """The model's refusal to answer, in its own words."""

    type: Literal["refusal"] = "refusal"
    refusal: str = field(default="", metadata=CONTENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePart:
    """An image: an uploaded file, a URL, or inline data.

    Inline base64 data over ``max_content_bytes`` is left out; ``media_type`` and ``size_bytes`` (of the
    decoded data) then describe it.
    """

    type: Literal["image"] = "image"
    file_id: str | None = None
    url: str | None = field(default=None, metadata=CONTENT)
    detail: str | None = None
    media_type: str | None = field(default=None, metadata=CONTENT)
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """A file or an audio clip within a message; inline data is treated as in ``ImagePart``."""

    type: Literal["file"] = "file"
    file_id: str | None = None
    filename: str | None = field(default=None, metadata=CONTENT)
    url: str | None = field(default=None, metadata=CONTENT)
    media_type: str | None = field(default=None, metadata=CONTENT)
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningPart:
    """The model's reasoning, or its summary. Encrypted reasoning is never recorded.

    Attributes:
        encrypted_bytes: the size of the encrypted reasoning.
    """

    type: Literal["reasoning"] = "reasoning"
    text: str = field(default="", metadata=CONTENT)
    encrypted_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallPart:
    """A tool call of an earlier run, sent again by the app; ``id`` and ``kind`` are as in ``ToolCall``."""

    type: Literal["tool_call"] = "tool_call"
    id: str | None = None
    kind: str = "function"
    name: str | None = None
    arguments: str | None = field(default=None, metadata=CONTENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResultPart:
    """The output of a tool call, which the app sends; ``results`` are its parts that are not text."""

    type: Literal["tool_result"] = "tool_result"
    id: str | None = None
    kind: str = "function"
    output: str | None = field(default=None, metadata=CONTENT)
    results: tuple[JsonValue, ...] = field(default=(), metadata=CONTENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPart:
    """A part of a type that this version does not know, as it came."""

    type: str = "unknown"
    data: JsonObject = field(default=EMPTY, metadata=CONTENT)


construct_quickly(
    TextPart, RefusalPart, ImagePart, FilePart, ReasoningPart, ToolCallPart, ToolResultPart, OtherPart
)

Part = (
    TextPart | RefusalPart | ImagePart | FilePart | ReasoningPart | ToolCallPart | ToolResultPart | OtherPart
)
