"""semantic-kernel: a Responses agent with a plugin of one function, with its threads and without a store."""

from __future__ import annotations

from typing import Any

from openai import AsyncOpenAI
from semantic_kernel.agents import OpenAIResponsesAgent, ResponsesAgentThread
from semantic_kernel.functions import kernel_function

from frameworks.scenes import KEY, MODEL, get_weather

WAYS = ("previous_response_id", "texts alone")


class Weather:
    """A plugin."""

    get_weather = staticmethod(kernel_function(get_weather))


class App:
    """An app with one agent."""

    def __init__(self, base_url: str, way: str) -> None:
        self._client = AsyncOpenAI(base_url=base_url, api_key=KEY)
        self._store = way == "previous_response_id"
        self._agent = OpenAIResponsesAgent(
            ai_model_id=MODEL,
            client=self._client,
            instructions="Be short.",
            name="Weather",
            plugins=[Weather()],
            store_enabled=self._store,
        )

    async def talk(self, questions: tuple[str, ...], streamed: bool) -> list[Any]:
        """Ask one question after the other in a session."""
        thread: Any = ResponsesAgentThread(client=self._client, enable_store=self._store)
        answers = []
        for question in questions:
            if streamed:
                answer: Any = [
                    [str(item.message), [type(part).__name__ for part in item.message.items]]
                    async for item in self._agent.invoke_stream(messages=question, thread=thread)
                ]
            else:
                item = await self._agent.get_response(messages=question, thread=thread)
                answer = [str(item.message), str(item.message.metadata.get("usage"))]
            answers.append(answer)
        return answers
