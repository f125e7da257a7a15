"""Output items of every kind: their events, and the item at the end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from openai.types.responses import Response

from testing.responses_help import names_of
from threadtrail.testing.server import (
    ApplyPatchCall,
    CodeInterpreterCall,
    ComputerCall,
    CustomToolCall,
    FileSearchCall,
    FileSearchResult,
    FunctionCall,
    ImageGenerationCall,
    LocalShellCall,
    McpApprovalRequest,
    McpCall,
    McpListTools,
    Message,
    Reasoning,
    Refusal,
    RunScript,
    ShellCall,
    Text,
    ToolCalls,
    UnknownToolCall,
    WebSearchCall,
)

if TYPE_CHECKING:
    from openai import OpenAI

    from threadtrail.testing.server import OpenAIServer

CITATION = {"type": "url_citation", "url": "https://e.com", "title": "E", "start_index": 0, "end_index": 1}
PART = ["content_part.added", "content_part.done"]
ERROR = {"type": "mcp_tool_execution_error", "content": [{"type": "text", "text": "no"}]}
PATCH = {"type": "create_file", "path": "a.txt", "diff": "+a"}
SUMMARY = ["reasoning_summary_part.added", "reasoning_summary_text.delta", "reasoning_summary_text.done"]
INCLUDE: Any = [
    "file_search_call.results",
    "web_search_call.action.sources",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
]


def phases(kind: str, *names: str) -> list[str]:
    return [f"{kind}.{name}" for name in names]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (
            Message(Text("a", (CITATION,))),
            [PART[0], *phases("output_text", "delta", "annotation.added", "done"), PART[1]],
        ),
        (Message(Refusal("no way")), [PART[0], *phases("refusal", "delta", "delta", "done"), PART[1]]),
        (Message({"type": "output_text", "text": "raw", "annotations": []}), PART),
        (Message(), []),
        (Reasoning(["so"]), [*SUMMARY, "reasoning_summary_part.done"]),
        (Reasoning((), ["hm"]), [PART[0], *phases("reasoning_text", "delta", "done"), PART[1]]),
        (FunctionCall("f", {"a": 1}), phases("function_call_arguments", "delta", "done")),
        (CustomToolCall("sql", "select"), phases("custom_tool_call_input", "delta", "done")),
        (ComputerCall(), []),
        (LocalShellCall(["ls", "-l"], {"A": "b"}), []),
        (ShellCall(["ls"]), phases("shell_call_command", "added", "delta", "done")),
        (ApplyPatchCall(PATCH), []),
        (McpApprovalRequest("ask", '{"q": 1}'), []),
        (WebSearchCall("x"), phases("web_search_call", "in_progress", "searching", "completed")),
        (
            WebSearchCall(action={"type": "open_page", "url": "https://e.com"}),
            phases("web_search_call", "in_progress", "searching", "completed"),
        ),
        (FileSearchCall(), phases("file_search_call", "in_progress", "searching", "completed")),
        (
            CodeInterpreterCall("print(1)", logs="1"),
            [
                "code_interpreter_call.in_progress",
                *phases("code_interpreter_call_code", "delta", "done"),
                *phases("code_interpreter_call", "interpreting", "completed"),
            ],
        ),
        (
            ImageGenerationCall("aaaa", ["bbbb"]),
            phases("image_generation_call", "in_progress", "generating", "partial_image", "completed"),
        ),
        (
            McpCall("ask", '{"q": 1}', "yes"),
            [
                "mcp_call.in_progress",
                *phases("mcp_call_arguments", "delta", "done"),
                "mcp_call.completed",
            ],
        ),
        (
            McpCall("ask", "{}", error=ERROR),
            ["mcp_call.in_progress", *phases("mcp_call_arguments", "delta", "done"), "mcp_call.failed"],
        ),
        (
            McpListTools([{"name": "ask", "input_schema": {}}]),
            phases("mcp_list_tools", "in_progress", "completed"),
        ),
        (McpListTools(error="unreachable"), phases("mcp_list_tools", "in_progress", "failed")),
    ],
)
def test_events_of_an_item(client: OpenAI, server: OpenAIServer, step: Any, expected: list[str]) -> None:
    is_step = isinstance(step, Message | Reasoning)
    server.script_next(RunScript(step if is_step else ToolCalls(step)))
    events: Any = list(client.responses.create(model="gpt-4o", input="x", stream=True))
    assert names_of(events)[2:] == ["output_item.added", *expected, "output_item.done", "completed"]
    added, done, completed = events[2], events[-2], events[-1]
    Response.model_validate(completed.response.to_dict())
    [item] = completed.response.output
    assert (item, item.type) == (done.item, added.item.type)
    assert {getattr(event, "item_id", item.id) for event in events} == {item.id}
    assert getattr(item, "status", None) in {"completed", None} or "error" in item.to_dict()
    stored = client.responses.retrieve(completed.response.id)
    assert stored.to_dict() == completed.response.to_dict()


def test_deltas_make_the_whole(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(
        RunScript(
            Reasoning(["I think"], ["so I am"]),
            Message("two  words\n", Refusal("no more")),
            ToolCalls(FunctionCall("f", {"a": "a longer text"}), CustomToolCall("g", "free text")),
        )
    )
    whole: dict[str, str] = {}
    for event in client.responses.create(model="gpt-4o", input="x", stream=True):
        if event.type.endswith(".delta"):
            whole[event.type] = whole.get(event.type, "") + str(event.to_dict()["delta"])
    assert whole == {
        "response.reasoning_text.delta": "so I am",
        "response.reasoning_summary_text.delta": "I think",
        "response.output_text.delta": "two  words\n",
        "response.refusal.delta": "no more",
        "response.function_call_arguments.delta": '{"a": "a longer text"}',
        "response.custom_tool_call_input.delta": "free text",
    }


@pytest.mark.parametrize("included", [True, False])
def test_results_are_sent_only_when_included(client: OpenAI, server: OpenAIServer, *, included: bool) -> None:
    server.script_next(
        RunScript(
            Reasoning(["so"], encrypted="gAAAA"),
            ToolCalls(
                FileSearchCall([FileSearchResult("a.md", "text")], queries=["q"]),
                WebSearchCall("q", ["https://e.com"]),
                CodeInterpreterCall("print(1)", logs="1", images=["cfile_1"]),
            ),
        )
    )
    include = INCLUDE if included else []
    events: Any = list(client.responses.create(model="gpt-4o", input="x", stream=True, include=include))
    streamed = events[-1].response.to_dict()["output"]
    assert [event.item.to_dict() for event in events if event.type.endswith("item.done")] == streamed
    for output in (
        streamed,
        client.responses.retrieve(events[-1].response.id, include=include).to_dict()["output"],
    ):
        reasoning, files, web, code = output  # type: ignore[misc]  # JSON
        assert ("encrypted_content" in reasoning) is included
        assert (files["results"] is not None) is included
        assert ("sources" in web["action"]) is included
        assert (code["outputs"] is not None) is included


def test_shell_in_a_container_has_its_output_beside_it(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(RunScript(ToolCalls(ShellCall(["ls"], ["a.txt"])), "One file."))
    events = list(client.responses.create(model="gpt-4o", input="x", stream=True))
    names = names_of(events)
    assert names[7:11] == [
        "output_item.added",
        *phases("shell_call_output_content", "delta", "done"),
        "output_item.done",
    ]
    last: Any = events[-1]
    call, output, message = last.response.output
    assert output.call_id == call.call_id
    assert message.content[0].text == "One file."


def test_items_that_no_sdk_knows(client: OpenAI, server: OpenAIServer) -> None:
    raw = {"type": "hologram", "id": "holo_1", "shape": {"sides": 3}}
    server.script_next(RunScript(raw, ToolCalls(UnknownToolCall("dream_call", {"depth": 2})), "Seen."))
    # The SDK's classes for these warn when they are dumped, so this looks at what was sent.
    sent = client.responses.with_raw_response.create(model="gpt-4o", input="x")
    output = json.loads(sent.content)["output"]
    assert output[0] == raw
    assert output[1] == {"type": "dream_call", "id": output[1]["id"], "depth": 2}
    assert output[2]["type"] == "message"


def test_phase_and_other_further_fields(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(RunScript(Message("x", extra={"phase": "commentary"}), extra={"service_tier": "flex"}))
    response = client.responses.create(model="gpt-4o", input="x").to_dict()
    output: Any = response["output"]
    assert (output[0]["phase"], response["service_tier"]) == ("commentary", "flex")


def test_assistants_run_leaves_out_what_only_responses_have(client: OpenAI, server: OpenAIServer) -> None:
    assistant = client.beta.assistants.create(model="gpt-4o")
    thread = client.beta.threads.create()
    server.script_next(
        RunScript(
            Reasoning(["so"]),
            {"type": "hologram"},
            ToolCalls(WebSearchCall("x")),
            ToolCalls(McpCall("ask"), CodeInterpreterCall("1")),
            "Done.",
        )
    )
    run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    steps = list(client.beta.threads.runs.steps.list(run.id, thread_id=thread.id, order="asc"))
    assert [step.type for step in steps] == ["tool_calls", "message_creation"]
    details = steps[0].step_details
    assert details.type == "tool_calls"
    assert [call.type for call in details.tool_calls] == ["code_interpreter"]
