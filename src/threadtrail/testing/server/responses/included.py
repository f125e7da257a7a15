"""Contents that a request must ask for with `include`; others are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from threadtrail.testing.server.objects import Json


def shown_item(item: Json, include: Collection[str]) -> Json:
    """Return an item as a request with this `include` sees it."""
    match item.get("type"):
        case "file_search_call" if "file_search_call.results" not in include:
            return {**item, "results": None}
        case "code_interpreter_call" if "code_interpreter_call.outputs" not in include:
            return {**item, "outputs": None}
        case "web_search_call" if "web_search_call.action.sources" not in include:
            action = {name: value for name, value in (item.get("action") or {}).items() if name != "sources"}
            return {**item, "action": action}
        case "reasoning" if "reasoning.encrypted_content" not in include:
            return {name: value for name, value in item.items() if name != "encrypted_content"}
    return item


def shown(body: Json, include: Collection[str]) -> Json:
    """Return a response as a request with this `include` sees it."""
    return {**body, "output": [shown_item(item, include) for item in body["output"]]}
