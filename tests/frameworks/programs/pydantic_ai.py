"""pydantic-ai: an agent with a function tool, that sends its messages again or names the last response."""

from __future__ import annotations

from typing import Any

from openai import AsyncOpenAI
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.models.openai import OpenAIResponsesModel, OpenAIResponsesModelSettings
from pydantic_ai.providers.openai import OpenAIProvider

from frameworks.scenes import KEY, MODEL, Answer, get_weather

WAYS = ("whole input", "previous_response_id", "structured")


class App:
    """An app with one agent."""

    def __init__(self, base_url: str, way: str) -> None:
        self._client = AsyncOpenAI(base_url=base_url, api_key=KEY)
        settings = OpenAIResponsesModelSettings()
        if way == "previous_response_id":
            settings["openai_previous_response_id"] = "auto"
        model = OpenAIResponsesModel(MODEL, provider=OpenAIProvider(openai_client=self._client))
        self._structured = way == "structured"
        self._agent: Agent[None, Any] = Agent(
            model,
            tools=[get_weather],
            instructions="Be short.",
            model_settings=settings,
            output_type=NativeOutput(Answer) if self._structured else str,
        )

    async def talk(self, questions: tuple[str, ...], streamed: bool) -> list[Any]:
        """Ask one question after the other in a session."""
        messages: list[Any] = []
        answers = []
        for question in questions:
            seen: list[str] = []
            result: Any
            if streamed:
                async with self._agent.run_stream(question, message_history=messages) as result:
                    if self._structured:
                        parts = result.stream_output(debounce_by=None)
                    else:
                        parts = result.stream_text(delta=True, debounce_by=None)
                    seen = [str(part) async for part in parts]
                    output = await result.get_output()
            else:
                result = await self._agent.run(question, message_history=messages)
                output = result.output
            messages = result.all_messages()
            usage = result.usage() if callable(result.usage) else result.usage
            tokens = [usage.requests, usage.tool_calls, usage.input_tokens, usage.output_tokens]
            answers.append([str(output), tokens, [message.kind for message in messages], seen])
        return answers
