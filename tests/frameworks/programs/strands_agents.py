"""strands-agents: an agent with a function tool, which streams in any case."""

from __future__ import annotations

from collections import Counter
from typing import Any

from strands import Agent, tool
from strands.models.openai_responses import OpenAIResponsesModel

from frameworks.scenes import KEY, MODEL, get_weather

WAYS = ("whole input", "previous_response_id")


class App:
    """An app with one agent in each session."""

    def __init__(self, base_url: str, way: str) -> None:
        client_args = {"base_url": base_url, "api_key": KEY}
        stateful = way == "previous_response_id"
        self._model = OpenAIResponsesModel(client_args=client_args, model_id=MODEL, stateful=stateful)

    async def talk(self, questions: tuple[str, ...], streamed: bool) -> list[Any]:
        """Ask one question after the other in a session."""
        agent = Agent(
            model=self._model, tools=[tool(get_weather)], system_prompt="Be short.", callback_handler=None
        )
        answers = []
        for question in questions:
            seen: Counter[str] = Counter()
            if streamed:
                async for event in agent.stream_async(question):
                    seen[", ".join(sorted(event))] += 1
                    result = event.get("result")
            else:
                result = await agent.invoke_async(question)
            answers.append([str(result), result.metrics.accumulated_usage, seen])
        return answers
