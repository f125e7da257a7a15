"""Every kind of client that has responses: Azure, copies, subclasses, the module's own, and the beta."""

from __future__ import annotations

from typing import Any

from differential.describe import digest, type_name
from differential.play_clients import azure, subclass
from differential.responses_parts import ASK, given, tools
from differential.world import API_KEY, World, entered, items, resolved


async def play(world: World) -> None:
    """Do the same small thing through each kind of client."""
    clients = {
        "made before": world.early,
        "with_options": world.new_client().with_options(timeout=20, max_retries=1),
        "copy": world.new_client().copy(default_headers={"x-copy": "1"}),
        "Azure": azure(world),
        "subclass": subclass(world),
    }
    if not world.is_async and hasattr(world.sdk, "responses"):
        world.sdk.api_key = API_KEY
        world.sdk.base_url = f"{world.server.base_url}/"
        clients["the module"] = world.sdk
    for name, client in clients.items():
        await _use(world, name, client.responses)
        if hasattr(client, "conversations"):
            await world.call(f"{name}: conversation", lambda client=client: client.conversations.create())
    beta = world.new_client().beta
    if hasattr(beta, "responses"):
        await _use(world, "beta", beta.responses)


async def _use(world: World, name: str, responses: Any) -> None:
    made = await world.call(f"{name}: create", lambda: responses.create(**ASK, tools=tools()))
    await world.call(f"{name}: retrieve", lambda: responses.retrieve(made.id))
    await world.call(f"{name}: input items", lambda: responses.input_items.list(made.id))
    if hasattr(responses, "stream"):
        async with world.step(f"{name}: stream") as entry, entered(responses.stream(**ASK)) as stream:
            entry["stream"] = type_name(stream)
            entry["events"] = [digest(event) async for event in items(stream)]
        await world.call(f"{name}: parse", lambda: responses.parse(**ASK))
    async with world.step(f"{name}: create(stream=True)") as entry:
        stream = await resolved(responses.create(**ASK, stream=True))
        entry["stream"] = type_name(stream)
        entry["events"] = [digest(event) async for event in items(stream)]
    async with world.step(f"{name}: raw") as entry:
        response = await resolved(responses.with_raw_response.create(**ASK))
        entry["value"] = digest(response.parse())
    background = given(responses.create, background=True)
    polled = await world.call(f"{name}: background", lambda: responses.create(**ASK, **background))
    for number in range(2):
        await world.call(f"{name}: poll {number}", lambda: responses.retrieve(polled.id))
    for method in ("cancel", "compact", "delete"):
        if hasattr(responses, method):
            arguments = (ASK, ()) if method == "compact" else ({}, (polled.id,))
            options, ids = arguments
            call = getattr(responses, method)
            await world.call(
                f"{name}: {method}", lambda call=call, ids=ids, options=options: call(*ids, **options)
            )
