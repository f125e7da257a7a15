"""agent-framework: an agent with a function tool, whose session is kept by the server, or by itself."""

from __future__ import annotations

from typing import Any

from agent_framework import Agent
from agent_framework.openai import OpenAIChatClient
from openai import AsyncOpenAI

from frameworks.scenes import KEY, MODEL, Answer, get_weather

WAYS = ("previous_response_id", "conversation", "whole input", "background", "structured")


class App:
    """An app with one agent."""

    def __init__(self, base_url: str, way: str) -> None:
        self._openai = AsyncOpenAI(base_url=base_url, api_key=KEY)
        self._way = way
        client: Any = OpenAIChatClient(model=MODEL, async_client=self._openai)
        self._options: dict[str, Any] = {"store": False} if way == "whole input" else {}
        if way == "structured":
            self._options["response_format"] = Answer
        self._agent = Agent(client, "Be short.", name="Weather", tools=[get_weather])

    async def talk(self, questions: tuple[str, ...], streamed: bool) -> list[Any]:
        """Ask one question after the other in a session."""
        session = self._agent.create_session(session_id="talk")
        if self._way == "conversation":
            session.service_session_id = (await self._openai.conversations.create()).id
        return [await self._asked(question, streamed, session) for question in questions]

    async def _asked(self, question: str, streamed: bool, session: Any) -> Any:
        seen: list[Any] = []
        options = dict(self._options)
        if self._way == "background":
            options["background"] = True
        if streamed:
            stream = self._agent.run(question, stream=True, session=session, options=options)
            seen = [[content.type for content in update.contents] async for update in stream]
            response = await stream.get_final_response()
        else:
            response = await self._agent.run(question, session=session, options=options)
            while response.continuation_token:
                options["continuation_token"] = response.continuation_token
                response = await self._agent.run(session=session, options=options)
        kinds = [[content.type for content in message.contents] for message in response.messages]
        return [response.text, dict(response.usage_details or {}), kinds, seen]
