"""Converts objects of the Assistants API, as dicts, to the values of ``values.py``: pure functions.

A compatible server may leave fields out, send malformed ones, or invent types: what is missing becomes
``None``, what is unknown is kept, and nothing raises because of its shape.
"""

from __future__ import annotations

from typing import Any

from threadtrail._frozen import clean_text, freeze
from threadtrail.sources.json_values import (
    bool_or_none,
    count,
    first_mapping,
    items,
    mapping,
    metadata,
    nanoseconds,
    number_or_none,
    objects,
    text_or_none,
    texts,
)
from threadtrail.sources.tool_definitions import tool_definitions
from threadtrail.values import (
    Assistant,
    Failure,
    FilePart,
    ImagePart,
    Message,
    OtherPart,
    Part,
    RefusalPart,
    RunRequest,
    Step,
    TextPart,
    ToolCall,
    Usage,
)


def usage(value: Any) -> Usage | None:
    """Return usage, named as by Assistants (prompt, completion) or by Responses (input, output)."""
    if not isinstance(value, dict):
        return None
    read = count(value, "prompt_tokens", "input_tokens")
    written = count(value, "completion_tokens", "output_tokens")
    if read is None and written is None and count(value, "total_tokens") is None:
        return None
    # The Assistants API writes "prompt_token_details", Chat Completions "prompt_tokens_details".
    of_input = first_mapping(value, "prompt_token_details", "prompt_tokens_details", "input_tokens_details")
    of_output = first_mapping(
        value, "completion_tokens_details", "completion_token_details", "output_tokens_details"
    )
    total = count(value, "total_tokens")
    return Usage(
        input_tokens=read or 0,
        output_tokens=written or 0,
        total_tokens=(read or 0) + (written or 0) if total is None else total,
        cached_input_tokens=count(of_input, "cached_tokens"),
        reasoning_tokens=count(of_output, "reasoning_tokens"),
    )


def failure(value: Any) -> Failure | None:
    """Return the ``last_error`` of a run or a step."""
    if not isinstance(value, dict):
        return None
    return Failure(
        type=text_or_none(value.get("code")) or text_or_none(value.get("type")) or "unknown",
        message=text_or_none(value.get("message")),
    )


def assistant(data: dict[str, Any]) -> Assistant:
    """Return an assistant."""
    return Assistant(
        id=text_or_none(data.get("id")) or "",
        **texts(data, "name", "description", "model", "instructions", "reasoning_effort"),
        tools=tool_definitions(items(data.get("tools")), _tool_names)[0],
        tool_resources=metadata(data.get("tool_resources")),
        temperature=number_or_none(data.get("temperature")),
        top_p=number_or_none(data.get("top_p")),
        response_format=freeze(data.get("response_format")),
        created_at=nanoseconds(data.get("created_at")),
        metadata=metadata(data.get("metadata")),
    )


def _tool_names(tool: dict[str, Any]) -> tuple[Any, ...]:
    """Return a tool's possible names: that of its function, and its kind."""
    return mapping(tool.get("function")).get("name"), tool.get("type")


REQUEST_FIELDS = (
    "model",
    "instructions",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "temperature",
    "top_p",
    "max_prompt_tokens",
    "max_completion_tokens",
    "reasoning_effort",
    "response_format",
    "truncation_strategy",
)
"""The fields that ``run_request`` reads of a run."""

SENT_FIELDS = ("additional_instructions", "reasoning_effort", "stream")
"""The fields that ``run_request`` reads of the request that created it."""


def run_request(data: dict[str, Any], sent: dict[str, Any]) -> RunRequest:
    """Return what a run was asked to do: as its object echoes it, and the rest from ``sent``, the body."""
    definitions, names = tool_definitions(items(data.get("tools")), _tool_names)
    response_format = data.get("response_format")
    return RunRequest(
        model=text_or_none(data.get("model")),
        instructions=text_or_none(data.get("instructions")),
        additional_instructions=text_or_none(sent.get("additional_instructions")),
        tools=definitions,
        tool_names=names,
        tool_choice=freeze(data.get("tool_choice")),
        parallel_tool_calls=bool_or_none(data.get("parallel_tool_calls")),
        temperature=number_or_none(data.get("temperature")),
        top_p=number_or_none(data.get("top_p")),
        max_input_tokens=count(data, "max_prompt_tokens"),
        max_output_tokens=count(data, "max_completion_tokens"),
        reasoning_effort=text_or_none(data.get("reasoning_effort") or sent.get("reasoning_effort")),
        output_type=_output_type(response_format),
        response_format=freeze(response_format),
        truncation=freeze(data.get("truncation_strategy")),
        stream=bool(sent.get("stream")),
    )


def _output_type(response_format: Any) -> str | None:
    kind = text_or_none(response_format) or text_or_none(mapping(response_format).get("type"))
    return {"text": "text", "json_object": "json", "json_schema": "json"}.get(kind or "")


def message(data: dict[str, Any]) -> Message:
    """Return a message as the API returns it, or as the app sends it (then without an id)."""
    return Message(
        role=text_or_none(data.get("role")) or "user",
        **texts(data, "id", "thread_id", "run_id", "assistant_id", "status"),
        parts=parts(data.get("content")),
        attachments=freeze(objects(data.get("attachments"))),
        incomplete_reason=text_or_none(mapping(data.get("incomplete_details")).get("reason")),
        created_at=nanoseconds(data.get("created_at")),
        completed_at=nanoseconds(data.get("completed_at")),
        metadata=metadata(data.get("metadata")),
    )


def parts(content: Any) -> tuple[Part, ...]:
    """Return the content of a message, which is a string or a list of typed blocks."""
    if isinstance(content, str):
        return (TextPart(text=clean_text(content)),)
    return tuple(map(_part, objects(content)))


def _part(block: dict[str, Any]) -> Part:
    kind = text_or_none(block.get("type")) or "unknown"
    body = block.get(kind)
    if kind == "text" and isinstance(body, (str, dict)):
        if isinstance(body, str):
            return TextPart(text=clean_text(body))
        text, notes = text_or_none(body.get("value")), objects(body.get("annotations"))
        return TextPart(text=text or "", annotations=freeze(notes))
    if kind == "refusal" and isinstance(body, str):
        return RefusalPart(refusal=clean_text(body))
    if kind in {"image_file", "image_url"} and isinstance(body, dict):
        return ImagePart(**texts(body, "file_id", "url", "detail"))
    if kind == "file" and isinstance(body, dict):
        return FilePart(
            **texts(body, "file_id", "filename"),
            url=text_or_none(body.get("file_data")) or text_or_none(body.get("url")),
        )
    return OtherPart(type=kind, data=freeze(block))


RUN_END_STAMPS = ("completed_at", "failed_at", "cancelled_at", "incomplete_at", "expired_at")
STEP_END_STAMPS = ("completed_at", "failed_at", "cancelled_at", "expired_at")


def end_stamp(data: dict[str, Any], names: tuple[str, ...]) -> int | None:
    """Return when an object ended, in Unix nanoseconds: the first of these timestamps that it has."""
    for name in names:
        stamp = data.get(name)
        if stamp:
            return nanoseconds(stamp)
    return None


def step(data: dict[str, Any]) -> Step:
    """Return a run step; its times are the server's."""
    details = mapping(data.get("step_details"))
    kind = text_or_none(data.get("type")) or text_or_none(details.get("type")) or "unknown"
    return Step(
        id=text_or_none(data.get("id")),
        kind=kind,
        status=text_or_none(data.get("status")),
        tool_calls=tuple(map(tool_call, objects(details.get("tool_calls")))),
        message_id=text_or_none(mapping(details.get("message_creation")).get("message_id")),
        usage=usage(data.get("usage")),
        error=failure(data.get("last_error")),
        started_at=nanoseconds(data.get("created_at")),
        ended_at=end_stamp(data, STEP_END_STAMPS),
    )


def tool_call(data: dict[str, Any]) -> ToolCall:
    """Return a tool call of a step or of ``required_action``, of any type, known or not."""
    kind = text_or_none(data.get("type")) or "unknown"
    body = mapping(data.get(kind))
    identity = text_or_none(data.get("id")) or ""
    if kind == "code_interpreter":
        outputs = items(body.get("outputs"))
        logs = [text_or_none(mapping(item).get("logs")) for item in outputs]
        return ToolCall(
            id=identity,
            kind=kind,
            name=kind,
            arguments=text_or_none(body.get("input")),
            output="".join(filter(None, logs)) if any(logs) else None,
            results=freeze(outputs),
        )
    if kind == "file_search":
        return ToolCall(
            id=identity,
            kind=kind,
            name=kind,
            arguments=text_or_none(body.get("query")),
            results=freeze(items(body.get("results"))),
        )
    known = {"name", "arguments", "output"}
    rest = {key: value for key, value in body.items() if key not in known}
    return ToolCall(
        id=identity,
        kind=kind,
        name=text_or_none(body.get("name")) or kind,
        arguments=text_or_none(body.get("arguments")),
        output=text_or_none(body.get("output")),
        results=() if kind == "function" or not rest else (freeze(rest),),
    )


def required_tool_calls(data: dict[str, Any]) -> tuple[ToolCall, ...]:
    """Return the calls whose outputs a run in ``requires_action`` waits for."""
    action = mapping(mapping(data.get("required_action")).get("submit_tool_outputs"))
    return tuple(map(tool_call, objects(action.get("tool_calls"))))


def answered_tool_calls(outputs: Any, time: int) -> tuple[ToolCall, ...]:
    """Return the calls whose outputs the app submitted at ``time``: each with its id, output and end."""
    return tuple(
        ToolCall(
            id=output["tool_call_id"],
            kind="function",
            name="function",
            output=output["output"] if isinstance(output.get("output"), str) else None,
            ended_at=time,
            seen_live=True,
        )
        for output in objects(outputs)
        if isinstance(output.get("tool_call_id"), str)
    )
