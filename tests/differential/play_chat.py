"""What is no business of threadtrail's: chat completions, which pass some of the same code of the SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from differential.chat_server import ChatServer
from differential.describe import digest, type_name
from differential.world import World, items, resolved

if TYPE_CHECKING:
    from collections.abc import Callable

QUESTION: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "And the weather?"}]}


async def play(world: World) -> None:
    """Ask in the ways that there are, with an answer, with retries and with an error."""
    with ChatServer() as chat:
        completions = world.new_client(base_url=chat.base_url).chat.completions

        def ask(**more: Any) -> Callable[[], Any]:
            return lambda: completions.create(**{**QUESTION, **more})

        await world.call("create", ask())
        await world.call("create with more options", ask(user="u1", temperature=0.0))
        await world.call("error 404", ask(model="none"))
        chat.fails = 1
        await world.call("500, once, then well", ask())
        chat.fails = 3
        await world.call("error 500", ask())
        async with world.step("raw") as entry:
            response = await resolved(completions.with_raw_response.create(**QUESTION))
            entry["parsed"] = digest(response.parse())
        async with world.step("stream") as entry:
            stream = await resolved(completions.create(**QUESTION, stream=True))
            entry["type"] = type_name(stream)
            entry["events"] = [digest(chunk) async for chunk in items(stream)]
        async with world.step("stream, left and closed") as entry:
            stream = await resolved(completions.create(**QUESTION, stream=True))
            async for chunk in items(stream):
                entry["first"] = digest(chunk)
                break
            await resolved(stream.close())
