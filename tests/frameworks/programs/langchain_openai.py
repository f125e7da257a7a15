"""langchain-openai: a chat model with a function tool, called in a loop, by both of its clients."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from frameworks.scenes import KEY, MODEL, Answer, get_weather

WAYS = ("whole input", "previous_response_id", "sync", "headers", "structured")


class App:
    """An app that keeps the messages itself, and sends them all to the model."""

    def __init__(self, base_url: str, way: str) -> None:
        self._sync = way == "sync"
        self._tool = tool(get_weather)
        chat = ChatOpenAI(
            model=MODEL,
            base_url=base_url,
            api_key=KEY,
            use_responses_api=True,
            use_previous_response_id=way == "previous_response_id",
            include_response_headers=way == "headers",
        )
        options: dict[str, Any] = {}
        if way == "structured":
            options = {"response_format": Answer, "strict": True}
        self._model = chat.bind_tools([self._tool], **options)

    async def talk(self, questions: tuple[str, ...], streamed: bool) -> list[Any]:
        """Ask one question after the other in a session."""
        messages: list[BaseMessage] = []
        answers = []
        for question in questions:
            messages.append(HumanMessage(question))
            seen: list[Any] = []
            answer = await self._asked(messages, streamed, seen)
            while answer.tool_calls:
                for call in answer.tool_calls:
                    output = self._tool.invoke(call["args"])
                    messages.append(ToolMessage(output, tool_call_id=call["id"]))
                answer = await self._asked(messages, streamed, seen)
            answers.append([answer.text, seen])
        return answers

    async def _asked(self, messages: list[BaseMessage], streamed: bool, seen: list[Any]) -> AIMessage:
        """Return the model's next message, which is put behind the others."""
        if not streamed:
            answer = self._model.invoke(messages) if self._sync else await self._model.ainvoke(messages)
        else:
            if self._sync:
                chunks = list(self._model.stream(messages))
            else:
                chunks = [chunk async for chunk in self._model.astream(messages)]
            seen.append([chunk.content for chunk in chunks])
            answer = chunks[0]
            for chunk in chunks[1:]:
                answer += chunk
        seen.append([answer.content, answer.usage_metadata, _lasting(answer.response_metadata)])
        messages.append(answer)
        return answer


def _lasting(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of a response, without the time in its headers."""
    headers = {name: value for name, value in metadata.get("headers", {}).items() if name != "date"}
    return {**metadata, "headers": headers}
