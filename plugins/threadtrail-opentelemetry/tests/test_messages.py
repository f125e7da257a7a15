"""The convention's JSON for each kind of content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from threadtrail.values import (
    FilePart,
    ImagePart,
    Message,
    OtherPart,
    RefusalPart,
    RunRequest,
    TextPart,
    ToolCall,
)
from threadtrail_opentelemetry.messages import (
    arguments_of,
    as_text,
    input_messages,
    result_of,
    system_instructions,
    tool_definitions,
    tool_request_message,
)

if TYPE_CHECKING:
    from threadtrail.values import Part


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (TextPart(text="Hi"), {"type": "text", "content": "Hi"}),
        (RefusalPart(refusal="No."), {"type": "refusal", "content": "No."}),
        (ImagePart(file_id="file_1"), {"type": "file", "file_id": "file_1", "modality": "image"}),
        (
            ImagePart(url="https://example.com/cat.png"),
            {"type": "uri", "uri": "https://example.com/cat.png", "modality": "image"},
        ),
        (
            ImagePart(url="data:image/png;base64,aGk="),
            {"type": "blob", "content": "aGk=", "modality": "image", "mime_type": "image/png"},
        ),
        (
            ImagePart(media_type="image/png", size_bytes=9000),
            {"type": "omitted", "size_bytes": 9000, "modality": "image", "mime_type": "image/png"},
        ),
        (
            FilePart(file_id="file_2", media_type="audio/wav"),
            {"type": "file", "file_id": "file_2", "modality": "audio", "mime_type": "audio/wav"},
        ),
        (FilePart(file_id="file_3"), {"type": "file", "file_id": "file_3", "modality": "document"}),
        (OtherPart(type="hologram", data={"type": "hologram", "x": 1}), {"type": "hologram", "x": 1}),
    ],
)
def test_each_part(part: Part, expected: dict[str, Any]) -> None:
    assert input_messages([Message(role="user", parts=(part,))]) == [{"role": "user", "parts": [expected]}]


def test_attachments_are_files() -> None:
    (message,) = input_messages([Message(role="user", attachments=({"file_id": "file_4"},))])
    assert message["parts"] == [{"type": "file", "modality": "document", "file_id": "file_4"}]


@pytest.mark.parametrize(
    ("kind", "arguments", "expected"),
    [
        ("function", '{"city":"Paris"}', {"city": "Paris"}),
        ("function", "not JSON", "not JSON"),
        ("function", "7", "7"),
        ("code_interpreter", "print(1)", {"input": "print(1)"}),
        ("file_search", "leave", {"query": "leave"}),
        ("function", None, None),
    ],
)
def test_arguments(kind: str, arguments: str | None, expected: Any) -> None:
    assert arguments_of(ToolCall(id="call_1", kind=kind, name=kind, arguments=arguments)) == expected


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (ToolCall(id="1", kind="function", name="f", output="22 °C"), "22 °C"),
        (ToolCall(id="1", kind="function", name="f", output='{"celsius": 22}'), {"celsius": 22}),
        (ToolCall(id="1", kind="function", name="f", output=""), ""),
        (ToolCall(id="1", kind="function", name="f"), None),
        (
            ToolCall(id="1", kind="code_interpreter", name="c", output="4", results=({"logs": "4"},)),
            [{"logs": "4"}],
        ),
        (
            ToolCall(id="1", kind="mcp", name="m", output="ok", results=({"more": 1},)),
            {"output": "ok", "results": [{"more": 1}]},
        ),
    ],
)
def test_results(call: ToolCall, expected: Any) -> None:
    assert result_of(call) == expected


def test_who_runs_a_tool_shows_in_the_request() -> None:
    mine = ToolCall(id="1", kind="function", name="get_weather", arguments='{"city":"Rome"}')
    theirs = ToolCall(id="2", kind="code_interpreter", name="code_interpreter", arguments="1 + 1")
    assert tool_request_message([mine, theirs])["parts"] == [
        {"type": "tool_call", "id": "1", "name": "get_weather", "arguments": {"city": "Rome"}},
        {
            "type": "server_tool_call",
            "id": "2",
            "name": "code_interpreter",
            "server_tool_call": {"type": "code_interpreter", "input": "1 + 1"},
        },
    ]


@pytest.mark.parametrize(
    ("instructions", "additional", "expected"),
    [
        ("Be brief.", None, ["Be brief."]),
        ("Be brief.", "And kind.", ["Be brief.", "And kind."]),
        ("Be brief. And kind.", "And kind.", ["Be brief. And kind."]),
        (None, None, []),
    ],
)
def test_instructions(instructions: str | None, additional: str | None, expected: list[str]) -> None:
    request = RunRequest(instructions=instructions, additional_instructions=additional)
    assert [part["content"] for part in system_instructions(request)] == expected


def test_definitions_of_all_kinds_of_tools() -> None:
    tools = [{"type": "function", "function": {"name": "f"}}, {"type": "file_search"}, "nonsense"]
    assert tool_definitions(tools) == [
        {"type": "function", "name": "f"},
        {"type": "file_search", "name": "file_search"},
    ]


def test_text_is_not_quoted_again() -> None:
    assert as_text("22 °C") == "22 °C"
    assert as_text({"a": ["ü"]}) == '{"a":["ü"]}'
