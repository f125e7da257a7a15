"""Cuts parts of messages and tool calls into the pieces that a stream sends.

Each function fills the stored object piece by piece while it yields the pieces, so an application that
looks at a half-streamed message sees what has been sent so far.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from threadtrail.testing.server.objects import Json, text_part
from threadtrail.testing.server.steps import (
    AssistantsCall,
    CodeInterpreterCall,
    FileSearchCall,
    FunctionCall,
    ImageFile,
    Part,
    Refusal,
    Text,
    UnknownToolCall,
)

NewId = Callable[[str], str]
_WORDS = re.compile(r"\s*\S+|\s+$")
_ARGUMENT_PIECE = 12


def argument_pieces(arguments: str) -> list[str]:
    """Return the pieces in which a stream sends arguments."""
    return [arguments[start : start + _ARGUMENT_PIECE] for start in range(0, len(arguments), _ARGUMENT_PIECE)]


def message_part(part: Part, index: int, content: list[Json], new_id: NewId) -> Iterator[Json]:
    """Append one part to the content and yield its pieces."""
    match part:
        case str():
            yield from _text(Text(part), index, content)
        case Text():
            yield from _text(part, index, content)
        case Refusal():
            block: Json = {"type": "refusal", "refusal": ""}
            content.append(block)
            for piece in words(part.refusal):
                block["refusal"] += piece
                yield {"index": index, "type": "refusal", "refusal": piece}
        case ImageFile():
            image = {"file_id": part.file_id or new_id("file-"), "detail": "auto"}
            content.append({"type": "image_file", "image_file": image})
            yield {"index": index, "type": "image_file", "image_file": image}
        case _:
            content.append(dict(part))
            yield {"index": index, **part}


def _text(part: Text, index: int, content: list[Json]) -> Iterator[Json]:
    block = text_part("", part.annotations)
    content.append(block)
    for number, piece in enumerate(words(part.value)):
        block["text"]["value"] += piece
        first: Json = {"annotations": []} if number == 0 else {}
        yield {"index": index, "type": "text", "text": {"value": piece, **first}}
    if part.annotations:
        annotations = [{"index": place, **item} for place, item in enumerate(part.annotations)]
        yield {"index": index, "type": "text", "text": {"annotations": annotations}}


def words(text: str) -> list[str]:
    """Return the pieces in which a stream sends a text; one that is empty for an empty text."""
    return _WORDS.findall(text) or [""]


def tool_call(call: AssistantsCall, index: int, calls: list[Json], new_id: NewId) -> Iterator[Json]:
    """Append one tool call to the step's calls and yield its pieces."""
    call_id = call.id or new_id("call_")
    match call:
        case FunctionCall():
            yield from _function(call, call_id, index, calls)
        case CodeInterpreterCall():
            yield from _code_interpreter(call, call_id, index, calls)
        case FileSearchCall():
            calls.append(_file_search(call, call_id, new_id))
            yield {"index": index, "id": call_id, "type": "file_search", "file_search": {}}
        case UnknownToolCall():
            body = {"id": call_id, "type": call.type, **call.fields}
            calls.append(body)
            yield {"index": index, **body}


def _function(call: FunctionCall, call_id: str, index: int, calls: list[Json]) -> Iterator[Json]:
    function: Json = {"name": call.name, "arguments": "", "output": None}
    calls.append({"id": call_id, "type": "function", "function": function})
    yield {"index": index, "id": call_id, "type": "function", "function": dict(function)}
    for piece in argument_pieces(call.arguments_json()):
        function["arguments"] += piece
        yield {"index": index, "type": "function", "function": {"arguments": piece}}


def _code_interpreter(
    call: CodeInterpreterCall, call_id: str, index: int, calls: list[Json]
) -> Iterator[Json]:
    kind = "code_interpreter"
    code: Json = {"input": "", "outputs": []}
    calls.append({"id": call_id, "type": kind, kind: code})
    yield {"index": index, "id": call_id, "type": kind, kind: {"input": "", "outputs": []}}
    for line in call.input.splitlines(keepends=True):
        code["input"] += line
        yield {"index": index, "type": kind, kind: {"input": line}}
    outputs: list[Json] = [{"type": "logs", "logs": call.logs}] if call.logs else []
    outputs += [{"type": "image", "image": {"file_id": file_id}} for file_id in call.images]
    for place, output in enumerate(outputs):
        code["outputs"].append(output)
        yield {"index": index, "type": kind, kind: {"outputs": [{"index": place, **output}]}}


def _file_search(call: FileSearchCall, call_id: str, new_id: NewId) -> Json:
    results = [
        {
            "file_id": result.file_id or new_id("file-"),
            "file_name": result.file_name,
            "score": result.score,
            "content": [{"type": "text", "text": result.text}],
        }
        for result in call.results
    ]
    ranking = {"ranker": "default_2024_08_21", "score_threshold": 0.0}
    search = {"ranking_options": ranking, "results": results}
    return {"id": call_id, "type": "file_search", "file_search": search}


def without_search_content(step: Mapping[str, Any]) -> Json:
    """Return the step as it looks when the request did not include file search content."""
    details = step["step_details"]
    if not any("file_search" in call for call in details.get("tool_calls", ())):
        return dict(step)
    calls = [_without_content(call) for call in details["tool_calls"]]
    return {**step, "step_details": {**details, "tool_calls": calls}}


def _without_content(call: Json) -> Json:
    if call["type"] != "file_search":
        return call
    search = call["file_search"]
    results = [
        {name: value for name, value in result.items() if name != "content"} for result in search["results"]
    ]
    return {**call, "file_search": {**search, "results": results}}
