"""Items that hosted tools are billed for apart from a run's tokens: searches, images, containers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from genai_prices.types import ModelPrice

    from threadtrail.values import JsonValue, Run

IMAGE_TOOL = "image_generation"
CONTAINERS = {"code_interpreter": "its code interpreter", "shell": "its shell"}
"""Hosted tools that are billed by the container and the time, which are not in a run."""


def searches(run: Run) -> dict[str, int]:
    """Return the billed searches of a run, by the library's names; without zeros.

    The number of web searches is the server's: not every call of the tool is billed. A search in files
    is billed in a response; in an assistant's run it is not.
    """
    files = sum(call.kind == "file_search" for call in run.tool_calls) if run.one_generation else 0
    counts = {"web_searches": _web_searches(run) or 0, "storage_searches": files}
    return {name: count for name, count in counts.items() if count}


def image_usage(run: Run) -> tuple[str | None, dict[str, int]]:
    """Return the model that made the images of a run, if it is named, and its tokens; none without images."""
    billed = _mapping(run.tool_usage.get("image_gen"))
    read, written, cached = (
        _mapping(billed.get(f"{name}_tokens_details")) for name in ("input", "output", "cached")
    )
    counts = {
        "input_tokens": billed.get("input_tokens"),
        "input_image_tokens": read.get("image_tokens"),
        "cache_read_tokens": billed.get("cached_tokens"),
        "cache_image_read_tokens": cached.get("cached_image_tokens"),
        "output_tokens": billed.get("output_tokens"),
        "output_image_tokens": written.get("image_tokens"),
    }
    usage = {name: number for name, count in counts.items() if (number := _count(count))}
    models = {tool.get("model") for tool in run.request.tools if tool.get("type") == IMAGE_TOOL}
    model = models.pop() if len(models) == 1 else None
    return (model if isinstance(model, str) else None), usage


def not_priced(run: Run, price: ModelPrice) -> Iterator[str]:
    """Yield the billed items of a run for which the library has no price, or the run has no number."""
    kinds = {call.kind for call in run.tool_calls if call.hosted}
    found = searches(run)
    unknown = _web_searches(run) is None and "web_search" in kinds
    if unknown or ("web_searches" in found and price.web_searches_kcount is None):
        yield "its web searches"
    if "storage_searches" in found and price.storage_searches_kcount is None:
        yield "its searches in files"
    if IMAGE_TOOL in kinds and "image_gen" not in run.tool_usage:
        yield "its images"
    yield from (name for kind, name in CONTAINERS.items() if kind in kinds)


def _web_searches(run: Run) -> int | None:
    billed = run.tool_usage.get("web_search")
    return _count(_mapping(billed).get("num_requests")) if billed is not None else None


def _mapping(value: JsonValue) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: object) -> int:
    """Return a count; 0 for a value that is not one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
