"""Assistants, threads and messages: every method, ids by position and by keyword, lists over pages."""

# ruff: noqa: PLW0108 - each lambda keeps its call, and so the place a warning points at, on its line
from __future__ import annotations

from typing import Any

from differential.describe import digest, type_name
from differential.world import World, items, resolved

PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"


async def play(world: World) -> None:
    """Call every method of the resources that are not runs."""
    client = world.new_client()
    await _assistants(world, client.beta.assistants)
    await _threads(world, client.beta.threads)
    await _messages(world, client.beta.threads)
    await _pages(world, client)


async def _assistants(world: World, assistants: Any) -> None:
    absent = world.sdk.NOT_GIVEN
    omit = getattr(world.sdk, "omit", absent)
    created = await world.call(
        "assistants.create",
        lambda: assistants.create(
            model="gpt-4o",
            name="Math Tutor",
            description=None,
            instructions="Answer \N{GRINNING FACE} briefly.",
            tools=[{"type": "code_interpreter"}, {"type": "file_search"}],
            metadata={"team": "a"},
            temperature=absent,
            top_p=omit,
            response_format="auto",
            extra_headers={"x-app": "1"},
        ),
    )
    await world.call("assistants.retrieve", lambda: assistants.retrieve(created.id))
    await world.call("assistants.retrieve by keyword", lambda: assistants.retrieve(assistant_id=created.id))
    await world.call("assistants.update", lambda: assistants.update(created.id, name="Tutor", timeout=5))
    await world.call("assistants.delete", lambda: assistants.delete(assistant_id=created.id))


async def _threads(world: World, threads: Any) -> None:
    await world.call("threads.create", lambda: threads.create())
    created = await world.call(
        "threads.create with messages",
        lambda: threads.create(
            messages=[{"role": "user", "content": "Hello"}], metadata={"k": "v"}, extra_body={"x": 1}
        ),
    )
    await world.call("threads.retrieve", lambda: threads.retrieve(created.id))
    await world.call("threads.update", lambda: threads.update(thread_id=created.id, metadata={"k": "w"}))
    await world.call("threads.delete", lambda: threads.delete(created.id))


async def _messages(world: World, threads: Any) -> None:
    thread = await world.call("messages: a thread", lambda: threads.create())
    messages = threads.messages
    created = await world.call(
        "messages.create", lambda: messages.create(thread.id, role="user", content="Hello")
    )
    await world.call(
        "messages.create with parts and attachments",
        lambda: messages.create(
            thread_id=thread.id,
            role="user",
            content=(
                {"type": "text", "text": "Look:"},
                {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
                {"type": "image_file", "image_file": {"file_id": "file-1"}},
            ),
            attachments=[{"file_id": "file-2", "tools": [{"type": "file_search"}]}],
        ),
    )
    await world.call("messages.retrieve", lambda: messages.retrieve(created.id, thread_id=thread.id))
    await world.call(
        "messages.update",
        lambda: messages.update(message_id=created.id, thread_id=thread.id, metadata={"a": "b"}),
    )
    await world.call("messages.list", lambda: messages.list(thread.id))
    if hasattr(messages, "delete"):
        await world.call("messages.delete", lambda: messages.delete(created.id, thread_id=thread.id))


async def _pages(world: World, client: Any) -> None:
    thread = await world.call("pages: a thread", lambda: client.beta.threads.create())
    for number in range(5):
        await resolved(client.beta.threads.messages.create(thread.id, role="user", content=str(number)))
    messages = client.beta.threads.messages
    async with world.step("messages.list iterated over three pages") as entry:
        source = messages.list(thread_id=thread.id, limit=2, order="asc")
        entry["returned"] = type_name(source)
        entry["items"] = [digest(item) async for item in items(source)]
    async with world.step("messages.list page by page") as entry:
        page = await resolved(messages.list(thread.id, limit=2))
        entry["pages"] = []
        while True:
            entry["pages"].append([type_name(page), page.has_next_page(), digest(page.data)])
            entry["next"] = str(page.next_page_info())
            if not page.has_next_page():
                break
            page = await resolved(page.get_next_page())
    async with world.step("messages.list by iter_pages, left early") as entry:
        page = await resolved(messages.list(thread.id, limit=1))
        entry["pages"] = []
        async for each in items(page.iter_pages()):
            entry["pages"].append(digest(each))
            if len(entry["pages"]) == 2:
                break
    async with world.step("messages.list never looked at") as entry:
        entry["returned"] = type_name(messages.list(thread.id))
    await world.call("assistants.list", lambda: client.beta.assistants.list(limit=1))
    async with world.step("assistants.list iterated") as entry:
        source = client.beta.assistants.list(limit=1, order="desc")
        entry["items"] = [digest(item) async for item in items(source)]
