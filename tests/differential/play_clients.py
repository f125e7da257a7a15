"""Every kind of client: Azure, copies, subclasses, the module's own, and those made earlier."""

# ruff: noqa: PLW0108 - each lambda keeps its call, and so the place a warning points at, on its line
from __future__ import annotations

from typing import Any

from differential.describe import digest, type_name
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
    if not world.is_async:
        world.sdk.api_key = API_KEY
        world.sdk.base_url = f"{world.server.base_url}/"
        clients["the module"] = world.sdk
    for name, client in clients.items():
        await _use(world, name, client)


async def _use(world: World, name: str, client: Any) -> None:
    beta = client.beta
    assistant = await world.call(f"{name}: create", lambda: beta.assistants.create(model="gpt-4o"))
    thread = await world.call(f"{name}: thread", lambda: beta.threads.create())
    ids = {"thread_id": thread.id, "assistant_id": assistant.id}
    await world.call(f"{name}: run", lambda: beta.threads.runs.create_and_poll(**ids))
    await world.call(f"{name}: messages", lambda: beta.threads.messages.list(thread.id))
    async with world.step(f"{name}: stream") as entry, entered(beta.threads.runs.stream(**ids)) as stream:
        entry["stream"] = type_name(stream)
        entry["events"] = [digest(event) async for event in items(stream)]
    async with world.step(f"{name}: raw") as entry:
        response = await resolved(beta.threads.runs.with_raw_response.create(**ids))
        run = response.parse()
        entry["run"] = digest(run)
    await world.call(f"{name}: poll", lambda: beta.threads.runs.poll(run.id, thread.id))


def azure(world: World) -> Any:
    """Make a client of Azure."""
    azure = world.sdk.AsyncAzureOpenAI if world.is_async else world.sdk.AzureOpenAI
    return azure(
        azure_endpoint=world.server.azure_endpoint, api_version="2024-05-01-preview", api_key=API_KEY
    )


def subclass(world: World) -> Any:
    """Make a client of a class of its own."""

    class Mine(world.client_class):  # type: ignore[name-defined,misc] # chosen at run time
        """A client that looks at what it gets, as some products' clients do."""

        seen: list[str]

        def _prepare_options(self, options: Any) -> Any:
            self.seen.append(options.url)
            return super()._prepare_options(options)

    Mine.seen = []
    return Mine(api_key=API_KEY, base_url=world.server.base_url)
