"""llama-index-llms-openai: an agent with a function tool, whose memory keeps the messages."""

from __future__ import annotations

from collections import Counter
from typing import Any

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.memory import Memory
from llama_index.llms.openai import OpenAIResponses

from frameworks.scenes import KEY, MODEL, get_weather

WAYS = ("whole input", "previous_response_id")


class App:
    """An app with one agent in each session."""

    def __init__(self, base_url: str, way: str) -> None:
        self._options: dict[str, Any] = {
            "model": MODEL,
            "api_base": base_url,
            "api_key": KEY,
            "track_previous_responses": way == "previous_response_id",
        }

    async def talk(self, questions: tuple[str, ...], streamed: bool) -> list[Any]:
        """Ask one question after the other in a session."""
        agent = FunctionAgent(
            llm=OpenAIResponses(**self._options),  # it names the last response of whoever asked
            tools=[get_weather],
            system_prompt="Be short.",
            streaming=streamed,
        )
        memory = Memory.from_defaults(session_id="talk")
        answers = []
        for question in questions:
            handler = agent.run(question, memory=memory)
            seen = Counter([type(event).__name__ async for event in handler.stream_events()])
            result = await handler
            calls = sorted(str([call.tool_name, call.tool_kwargs]) for call in result.tool_calls)
            answers.append([str(result), calls, seen])
        return answers
