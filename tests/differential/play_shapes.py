"""What can be seen of the methods without calling them."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

from differential.describe import scrub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from differential.world import World

METHODS = {
    "assistants": ("create", "retrieve", "update", "list", "delete"),
    "threads": (
        "create",
        "retrieve",
        "update",
        "delete",
        "create_and_run",
        "create_and_run_poll",
        "create_and_run_stream",
    ),
    "threads.messages": ("create", "retrieve", "update", "list", "delete"),
    "threads.runs": (
        "create",
        "retrieve",
        "update",
        "list",
        "cancel",
        "submit_tool_outputs",
        "poll",
        "create_and_poll",
        "submit_tool_outputs_and_poll",
        "stream",
        "create_and_stream",
        "submit_tool_outputs_stream",
    ),
    "threads.runs.steps": ("retrieve", "list"),
}


async def play(world: World) -> None:
    """Look at every method on its class and on a client."""
    beta = world.new_client().beta
    for path, names in METHODS.items():
        resource = beta
        for part in path.split("."):
            resource = getattr(resource, part)
        for name in names:
            async with world.step(f"shape of {path}.{name}") as entry:
                # messages.delete is younger than the oldest SDK: then this is the same error.
                entry["class"] = shape_of(inspect.getattr_static(type(resource), name))
                entry["bound"] = shape_of(getattr(resource, name))
                entry["is its own"] = getattr(resource, name).__self__ is resource
    async with world.step("shape of what surrounds them") as entry:
        for thing in _surroundings(world):
            entry[thing.__qualname__] = sorted(vars(thing))


def _surroundings(world: World) -> Iterator[Any]:
    yield world.client_class
    streaming = __import__("openai.lib.streaming", fromlist=["x"])
    prefix = "Async" if world.is_async else ""
    yield getattr(world.sdk, f"{prefix}Stream")
    yield getattr(streaming, f"{prefix}AssistantEventHandler")
    yield getattr(streaming, f"{prefix}AssistantStreamManager")


def shape_of(method: Any) -> dict[str, Any]:
    """Describe a method."""
    return {
        "signature": scrub(str(inspect.signature(method))),
        "name": method.__name__,
        "qualname": method.__qualname__,
        "module": method.__module__,
        "doc": method.__doc__,
        "deprecated": getattr(method, "__deprecated__", None),
        "isfunction": inspect.isfunction(method),
        "ismethod": inspect.ismethod(method),
        "isroutine": inspect.isroutine(method),
        "inspect.iscoroutinefunction": inspect.iscoroutinefunction(method),
        "asyncio.iscoroutinefunction": asyncio.iscoroutinefunction(method),
        "isasyncgenfunction": inspect.isasyncgenfunction(method),
        "annotations": sorted(getattr(method, "__annotations__", ())),
        "defaults": len(getattr(method, "__defaults__", None) or ()),
        "kwdefaults": sorted(getattr(method, "__kwdefaults__", None) or ()),
    }
