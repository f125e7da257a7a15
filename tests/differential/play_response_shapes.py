"""What can be seen of the methods of Responses without calling them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from differential.play_shapes import shape_of

if TYPE_CHECKING:
    from differential.world import World

METHODS = {
    "responses": ("create", "retrieve", "parse", "stream", "cancel", "delete", "compact", "connect"),
    "responses.input_items": ("list",),
    "responses.input_tokens": ("count",),
    "conversations": ("create", "retrieve", "update", "delete"),
    "conversations.items": ("create", "retrieve", "list", "delete"),
    "webhooks": ("unwrap", "verify_signature"),
    "beta.responses": ("create", "retrieve", "cancel", "delete", "compact"),
    "beta.responses.input_items": ("list",),
}


async def play(world: World) -> None:
    """Look at every method that this version has, on its class and on a client."""
    for path, names in METHODS.items():
        resource = world.new_client()
        for part in path.split("."):
            resource = getattr(resource, part, None)
        for name in names:
            if hasattr(resource, name):
                async with world.step(f"shape of {path}.{name}") as entry:
                    entry["class"] = shape_of(inspect.getattr_static(type(resource), name))
                    entry["bound"] = shape_of(getattr(resource, name))
                    entry["is its own"] = getattr(resource, name).__self__ is resource
    async with world.step("shape of what surrounds them") as entry:
        streaming = __import__("openai.lib.streaming.responses", fromlist=["x"])
        prefix = "Async" if world.is_async else ""
        for name in ("ResponseStream", "ResponseStreamManager"):
            entry[name] = sorted(vars(getattr(streaming, f"{prefix}{name}")))
