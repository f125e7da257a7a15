"""Makes calls of tools piece by piece: those that the server answers itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.testing.server.deltas import argument_pieces

if TYPE_CHECKING:
    from threadtrail.testing.server.objects import Json
    from threadtrail.testing.server.responses.calling import NewId
    from threadtrail.testing.server.responses.calls import (
        ImageGenerationCall,
        McpCall,
        McpListTools,
        WebSearchCall,
    )
    from threadtrail.testing.server.responses.writing import Pieces
    from threadtrail.testing.server.steps import CodeInterpreterCall, FileSearchCall, FileSearchResult


def _phases(kind: str, *names: str) -> Pieces:
    for name in names:
        yield f"{kind}.{name}", {}


def file_search(call: FileSearchCall, new_id: NewId) -> tuple[Json, Pieces]:
    """Return the item of a search in files, and the events that fill it."""
    item: Json = {
        "id": call.id or new_id("fs_"),
        "type": "file_search_call",
        "status": "in_progress",
        "queries": list(call.queries),
        "results": None,
    }

    def pieces() -> Pieces:
        yield from _phases("file_search_call", "in_progress", "searching")
        item["results"] = [_found(result, new_id) for result in call.results]
        yield from _phases("file_search_call", "completed")

    return item, pieces()


def _found(result: FileSearchResult, new_id: NewId) -> Json:
    return {
        "file_id": result.file_id or new_id("file-"),
        "filename": result.file_name,
        "score": result.score,
        "text": result.text,
        "attributes": {},
    }


def web_search(call: WebSearchCall, new_id: NewId) -> tuple[Json, Pieces]:
    """Return the item of a search in the web, and the events that fill it."""
    action: Json = dict(call.action)
    if not action:
        sources = [{"type": "url", "url": url} for url in call.sources]
        action = {"type": "search", "query": call.query, "queries": [call.query], "sources": sources}
    item: Json = {
        "id": call.id or new_id("ws_"),
        "type": "web_search_call",
        "status": "in_progress",
        "action": action,
    }
    return item, _phases("web_search_call", "in_progress", "searching", "completed")


def code_interpreter(call: CodeInterpreterCall, new_id: NewId) -> tuple[Json, Pieces]:
    """Return the item of code that was run, and the events that fill it."""
    kind = "code_interpreter_call"
    item: Json = {
        "id": call.id or new_id("ci_"),
        "type": kind,
        "status": "in_progress",
        "container_id": new_id("cntr_"),
        "code": "",
        "outputs": None,
    }

    def pieces() -> Pieces:
        yield from _phases(kind, "in_progress")
        for line in call.input.splitlines(keepends=True):
            item["code"] += line
            yield f"{kind}_code.delta", {"delta": line}
        yield f"{kind}_code.done", {"code": item["code"]}
        yield from _phases(kind, "interpreting")
        logs = [{"type": "logs", "logs": call.logs}] if call.logs else []
        images = [{"type": "image", "url": f"https://example.com/{file_id}"} for file_id in call.images]
        item["outputs"] = [*logs, *images]
        yield from _phases(kind, "completed")

    return item, pieces()


def image_generation(call: ImageGenerationCall, new_id: NewId) -> tuple[Json, Pieces]:
    """Return the item of an image, and the events that fill it."""
    kind = "image_generation_call"
    item: Json = {
        "id": call.id or new_id("ig_"),
        "type": kind,
        "status": "in_progress",
        "result": None,
        **call.extra,
    }

    def pieces() -> Pieces:
        yield from _phases(kind, "in_progress", "generating")
        for number, image in enumerate(call.partial_images):
            yield f"{kind}.partial_image", {"partial_image_index": number, "partial_image_b64": image}
        item["result"] = call.result
        item["status"] = "failed" if call.result is None else "completed"
        yield from _phases(kind, "completed")

    return item, pieces()


def mcp_call(call: McpCall, new_id: NewId) -> tuple[Json, Pieces]:
    """Return the item of a call of an MCP server's tool, and the events that fill it."""
    item: Json = {
        "id": call.id or new_id("mcp_"),
        "type": "mcp_call",
        "status": "in_progress",
        "name": call.name,
        "server_label": call.server_label,
        "arguments": "",
        "approval_request_id": call.approval_request_id,
        "output": None,
        "error": None,
    }

    def pieces() -> Pieces:
        yield from _phases("mcp_call", "in_progress")
        for piece in argument_pieces(call.arguments):
            item["arguments"] += piece
            yield "mcp_call_arguments.delta", {"delta": piece}
        yield "mcp_call_arguments.done", {"arguments": item["arguments"]}
        item["output"], item["error"] = call.output, call.error
        item["status"] = "completed" if call.error is None else "failed"
        yield from _phases("mcp_call", item["status"])

    return item, pieces()


def mcp_list_tools(call: McpListTools, new_id: NewId) -> tuple[Json, Pieces]:
    """Return the item of an MCP server's list of tools, and the events that fill it."""
    item: Json = {
        "id": call.id or new_id("mcpl_"),
        "type": "mcp_list_tools",
        "server_label": call.server_label,
        "tools": [],
        "error": None,
    }

    def pieces() -> Pieces:
        yield from _phases("mcp_list_tools", "in_progress")
        item["tools"], item["error"] = [dict(tool) for tool in call.tools], call.error
        yield from _phases("mcp_list_tools", "failed" if call.error else "completed")

    return item, pieces()
