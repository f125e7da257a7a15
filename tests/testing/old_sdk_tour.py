"""A tour through the API with whatever SDK is first on the path; run by `test_server_life.py`."""

from __future__ import annotations

import asyncio

import openai
from openai import AsyncOpenAI, OpenAI

from threadtrail.testing.server import SCENARIOS, AssistantsServer


def tour(server: AssistantsServer) -> list[str]:
    client = OpenAI(base_url=server.base_url, api_key="sk-local")
    threads = client.beta.threads
    assistant = client.beta.assistants.create(model="gpt-4o", name="Math Tutor")
    thread = threads.create()
    threads.messages.create(thread.id, role="user", content="How warm is it?")
    server.script_next(SCENARIOS["function-calls"])
    run = threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    seen: list[str] = [run.status]
    assert run.required_action is not None
    calls = run.required_action.submit_tool_outputs.tool_calls
    with threads.runs.submit_tool_outputs_stream(
        run_id=run.id,
        thread_id=thread.id,
        tool_outputs=[{"tool_call_id": call.id, "output": "4"} for call in calls],
    ) as stream:
        seen.append(stream.get_final_run().status)
    assert len(list(threads.runs.steps.list(run.id, thread_id=thread.id, limit=1))) == 2
    last: str = asyncio.run(async_part(server, thread.id, assistant.id))
    seen.append(last)
    seen.append(str(len(list(threads.messages.list(thread.id)))))
    return seen


async def async_part(server: AssistantsServer, thread_id: str, assistant_id: str) -> str:
    async with (
        AsyncOpenAI(base_url=server.base_url, api_key="sk-local") as client,
        client.beta.threads.runs.stream(thread_id=thread_id, assistant_id=assistant_id) as stream,
    ):
        return (await stream.get_final_run()).status


if __name__ == "__main__":
    with AssistantsServer() as running:
        print(openai.__version__, *tour(running))  # noqa: T201 - read by the test
