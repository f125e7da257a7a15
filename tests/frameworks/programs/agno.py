"""agno: an agent with a function tool, and a database in memory for its sessions."""

from __future__ import annotations

from typing import Any

from agno.agent import Agent
from agno.db.in_memory import InMemoryDb
from agno.models.openai import OpenAIResponses

from frameworks.scenes import KEY, MODEL, get_weather

WAYS = ("whole input", "previous_response_id", "background", "sync")
REASONING = "gpt-5-mini"
"""A model for which it names the last response, instead of sending all again."""


class App:
    """An app with one agent."""

    def __init__(self, base_url: str, way: str) -> None:
        name = REASONING if way == "previous_response_id" else MODEL
        model = OpenAIResponses(id=name, base_url=base_url, api_key=KEY)
        if way == "background":
            model.background = True
            model.background_poll_interval = 0.01
        self._sync = way == "sync"
        self._agent = Agent(
            model=model,
            tools=[get_weather],
            instructions="Be short.",
            db=InMemoryDb(),
            add_history_to_context=True,
            telemetry=False,
        )

    async def talk(self, questions: tuple[str, ...], streamed: bool) -> list[Any]:
        """Ask one question after the other in a session."""
        session = "-".join([*questions, str(streamed)])
        return [await self._asked(question, streamed, session) for question in questions]

    async def _asked(self, question: str, streamed: bool, session: str) -> Any:
        options: dict[str, Any] = {"session_id": session}
        if not streamed:
            run = self._agent.run if self._sync else self._agent.arun
            answer: Any = run(question, **options)
            answer = answer if self._sync else await answer
            tokens = [answer.metrics.input_tokens, answer.metrics.output_tokens]
            calls = [[call.tool_name, call.tool_args, call.result] for call in answer.tools or ()]
            return [answer.content, tokens, calls]
        if self._sync:
            events: list[Any] = list(self._agent.run(question, stream=True, **options))
        else:
            events = [event async for event in self._agent.arun(question, stream=True, **options)]
        return [[event.event, getattr(event, "content", None)] for event in events]
