"""The sample responses with tools: those of the server, of the app, and of a person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from threadtrail._frozen import freeze
from threadtrail.testing._sample_response_parts import (
    REQUEST,
    WEATHER,
    asked,
    call_item,
    message_item,
    response,
    said,
    since,
    spent,
    statuses,
)
from threadtrail.values import (
    Failure,
    ReasoningPart,
    Run,
    Step,
    TextPart,
    ToolCall,
    ToolCallPart,
    ToolResultPart,
)

QUESTION = "How is the weather in Paris?"
PAGE: Any = freeze({"type": "url", "url": "https://example.com/leave", "title": "Leave in France"})
PASSAGE: Any = freeze(
    {
        "file_id": "file_handbook",
        "filename": "handbook.pdf",
        "score": 0.87,
        "text": "25 days of leave a year.",
    }
)


def hosted_tools() -> Run:
    """Return a streamed response with searches, code and its own call, an image, and a failing server."""
    name = "hosted_tools"
    answer = said(name, TextPart(text="Both have 25 days; here is a chart."))
    steps = (
        _hosted(0, "web_search", 0.5, 1.5, arguments="leave in France", results=(PAGE,)),
        _hosted(1, "file_search", 1.5, 2.0, arguments="days of leave", results=(PASSAGE,)),
        _hosted(2, "code_interpreter", 2.0, 3.0, arguments="print(25 - 25)", output="0\n"),
        _hosted(3, "program", 3.0, 4.0, arguments="await shell('date')", output="a Wednesday"),
        _hosted(4, "shell", 3.2, 3.8, arguments='{"commands": ["date"]}', caller_id="call_program"),
        Step(id="mcpl_hr", kind="mcp_list_tools", status="completed", index=5),
        _hosted(
            6,
            "mcp",
            4.0,
            4.5,
            name="get_policy",
            arguments='{"country": "FR"}',
            server_label="hr",
            status="failed",
            error=Failure(type="http_error", message="The server answered 502."),
        ),
        _hosted(7, "image_generation", 4.5, 6.0, arguments="A bar chart.", results=({"size_bytes": 48120},)),
        message_item(answer, 8, started_at=since(6.0), ended_at=since(6.9), seen_live=True),
    )
    return response(
        name,
        "Compare our leave with that in France.",
        statuses(("in_progress", 0.1, "stream"), ("completed", 7.0, "stream")),
        answer,
        created_at=since(0.0),
        steps=steps,
        request=replace(
            REQUEST,
            stream=True,
            tools=freeze(
                [
                    *({"type": kind} for kind in ("web_search", "code_interpreter", "image_generation")),
                    {"type": "file_search", "vector_store_ids": ["vs_handbook"]},
                    {"type": "mcp", "server_label": "hr", "server_url": "https://hr.example.com/mcp"},
                ]
            ),
            tool_names=("web_search", "code_interpreter", "image_generation", "file_search", "hr"),
            include=("web_search_call.action.sources", "file_search_call.results"),
            max_tool_calls=8,
        ),
        streamed=True,
        first_output_at=since(6.1),
        usage=spent(5200, 180, cached=1024, reasoning=64),
        tool_usage=freeze({"web_search": {"num_requests": 1}, "image_gen": {"total_tokens": 1056}}),
    )


def answered_calls() -> Run:
    """Return a response that asked the app for two calls, and a person for a permission; all are answered."""
    name = "answered_calls"
    thought = ReasoningPart(text="The weather has to be looked up.", encrypted_bytes=512)
    calls = (
        _asked(
            "call_weather",
            "function",
            "get_weather",
            item_id="fc_weather",
            namespace="weather",
            arguments='{"city": "Paris"}',
            output="22 °C, sunny",
        ),
        _asked(
            "call_note", "custom", "take_note", item_id="ctc_note", arguments="Paris: ask again.", output=""
        ),
        _asked(
            "mcpr_mail",
            "mcp_approval",
            "send_mail",
            executed_by="human",
            server_label="mail",
            arguments='{"to": "all"}',
            approved=False,
            ended_at=since(2.6),
        ),
    )
    kinds = ("function_call", "custom_tool_call", "mcp_approval_request")
    asking = (
        call_item(call, kind, index) for index, (call, kind) in enumerate(zip(calls, kinds, strict=True), 1)
    )
    return response(
        name,
        QUESTION,
        statuses(("completed", 1.2, "create")),
        steps=(Step(id="rs_weather", kind="reasoning", index=0, parts=(thought,)), *asking),
        request=replace(REQUEST, tools=(WEATHER,), tool_names=("get_weather", "take_note", "mail")),
        ended_at=since(2.6),
        usage=spent(310, 60, reasoning=16),
    )


def answering_response() -> Run:
    """Return the next response of that turn: its input is the whole input again, with the outputs."""
    name = "answering_response"
    called = ToolCallPart(id="call_weather", name="get_weather", arguments='{"city": "Paris"}')
    given = ToolResultPart(id="call_weather", output="22 °C, sunny")
    return response(
        name,
        QUESTION,
        statuses(("completed", 3.4, "create")),
        said(name, TextPart(text="It has 22 °C in Paris.")),
        created_at=since(2.6),
        input=(
            asked(name, TextPart(text=QUESTION)),
            asked(name, ReasoningPart(encrypted_bytes=512), called, role="assistant"),
            asked(name, given, role="tool", tool_call_id="call_weather"),
        ),
        request=replace(REQUEST, store=False, tools=(WEATHER,), tool_names=("get_weather",)),
        stored=False,
        answers=("resp_answered_calls",),
        turn_id="resp_answered_calls",
        session_key="resp_answered_calls",
        input_repeated=2,
        usage=spent(380, 12, cached=256),
    )


def open_call() -> Run:
    """Return a response that asked for a function, and was published before its output came."""
    call = _asked("call_open_call", "function", "get_weather", arguments='{"city": "Oslo"}')
    call = replace(call, started_at=since(1.0), ended_at=None)
    return response(
        "open_call",
        "How is the weather in Oslo?",
        statuses(("completed", 1.0, "create")),
        steps=(call_item(call, "function_call", 0),),
        request=replace(REQUEST, tools=(WEATHER,), tool_names=("get_weather",)),
        awaits_outputs=True,
        ended_at=since(61.0),
        usage=spent(300, 24),
    )


def _hosted(index: int, kind: str, start: float, end: float, **known: Any) -> Step:
    """Return the item of a tool that the server ran, as a stream shows it."""
    times: dict[str, Any] = {"started_at": since(start), "ended_at": since(end), "seen_live": True}
    facts = {"name": kind, "status": "completed", **known}
    call = ToolCall(id=f"call_{kind}", kind=kind, executed_by="server", **times, **facts)
    return call_item(call, f"{kind}_call", index, **times)


def _asked(identity: str, kind: str, name: str, **known: Any) -> ToolCall:
    """Return a call that the app has to answer; it is asked with the answer, and answered 1.4 s later."""
    call = ToolCall(
        id=identity,
        kind=kind,
        name=name,
        status="completed",
        executed_by="client",
        started_at=since(1.2),
        ended_at=since(2.6),
        seen_live=True,
    )
    return replace(call, **known)
