"""openai-agents: an agent with a function tool, and the ways in which it can go on."""

from __future__ import annotations

from typing import Any

from agents import (
    Agent,
    OpenAIConversationsSession,
    OpenAIResponsesModel,
    Runner,
    SQLiteSession,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI

from frameworks.scenes import KEY, MODEL, Answer, get_weather

WAYS = ("whole input", "previous_response_id", "conversation", "kept in a conversation", "structured")


class App:
    """An app with one agent."""

    def __init__(self, base_url: str, way: str) -> None:
        set_tracing_disabled(disabled=True)  # it would send its own traces to OpenAI
        self._client = AsyncOpenAI(base_url=base_url, api_key=KEY)
        self._way = way
        self._agent = Agent(
            name="Weather",
            instructions="Be short.",
            model=OpenAIResponsesModel(model=MODEL, openai_client=self._client),
            tools=[function_tool(get_weather)],
            output_type=Answer if way == "structured" else None,
        )

    async def talk(self, questions: tuple[str, ...], streamed: bool) -> list[Any]:
        """Ask one question after the other in a session."""
        options: dict[str, Any] = {}
        if self._way in {"whole input", "structured"}:
            options["session"] = SQLiteSession("talk")
        elif self._way == "conversation":
            options["conversation_id"] = (await self._client.conversations.create()).id
        elif self._way == "kept in a conversation":  # its items are read, and all sent again
            options["session"] = OpenAIConversationsSession(openai_client=self._client)
        else:
            options["auto_previous_response_id"] = True
        answers = []
        for question in questions:
            answer, last_id = await self._run(question, streamed, options)
            answers.append(answer)
            if self._way == "previous_response_id":
                options["previous_response_id"] = last_id
        return answers

    async def _run(self, question: str, streamed: bool, options: dict[str, Any]) -> tuple[Any, str | None]:
        seen: list[str] = []
        if streamed:
            result: Any = Runner.run_streamed(self._agent, question, **options)
            seen = [getattr(event, "data", event).type async for event in result.stream_events()]
        else:
            result = await Runner.run(self._agent, question, **options)
        usage = result.context_wrapper.usage
        tokens = [usage.requests, usage.input_tokens, usage.output_tokens]
        items = [item.to_input_item() for item in result.new_items]
        return [str(result.final_output), tokens, items, seen], result.last_response_id
