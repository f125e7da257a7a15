"""Responses of the real SDK at AgentOps: one model turn each, its tokens once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from responses_driving import in_the_background, with_an_answered_function, with_hosted_tools

import threadtrail
from agentops_shown import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai import OpenAI

    from agentops_receiver import Receiver
    from threadtrail.testing import AssistantsServer


def test_each_response_is_a_trace_and_so_is_a_tool_loop(
    server: AssistantsServer, client: OpenAI, receiver: Receiver, traced: Callable[..., None], strict: None
) -> None:
    traced()
    for play in (in_the_background, with_hosted_tools, with_an_answered_function):
        play(server, client)
        assert threadtrail.flush()
    traces = shown(receiver.spans)
    assert [trace.name for trace in traces] == ["gpt-4o.llm", "gpt-4o.llm", "gpt-4o.session"]
    assert [trace.types for trace in traces] == [
        {"llm": 1, "operation": 1},
        {"llm": 1, "tool": 2, "operation": 1},
        {"session": 1, "agent": 1, "llm": 2, "tool": 1, "operation": 1},
    ]
    assert [trace.tokens["total"] for trace in traces] == [120, 120, 240]
