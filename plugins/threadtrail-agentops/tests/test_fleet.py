"""Four processes of one app: with a carrier, what each of them sees is in the creator's session, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fleet.layout import ANSWER, play
from fleet.roles import CALLER, TRACE
from fleet.trees import trees

if TYPE_CHECKING:
    from fleet.layout import Api

    from agentops_receiver import Receiver
    from threadtrail.testing import AssistantsServer

pytestmark = pytest.mark.slow

SESSIONS = {
    "assistants": """
math tutor.session
  {agent}.agent
    message_creation.llm
    solve.tool
    tool_calls.llm
  completed.operation
""",
    "responses": """
math tutor.session
  completed.operation
  {agent}.agent
    gpt-4o.llm
    gpt-4o.llm
    solve.tool
""",
}


@pytest.mark.parametrize("api", ["assistants", "responses"])
def test_one_run_in_one_session(api: Api, server: AssistantsServer, receiver: Receiver) -> None:
    play(api, server, {"THREADTRAIL_EXPORTERS": "agentops", **receiver.variables})
    spans = [span for span in receiver.spans if not span.name.startswith("create_assistant")]
    (agent,) = [span for span in spans if span.name.endswith(".agent")]
    assert trees(spans) == SESSIONS[api].format(agent=agent.name.removesuffix(".agent"))
    session = receiver.span(f"{TRACE}.session")
    assert {span.trace_id for span in spans} == {session.trace_id}
    assert (session.attributes["user.id"], agent.attributes["user.id"]) == (CALLER["user_id"],) * 2
    assert agent.attributes["session.id"] == CALLER["session_id"]
    assert sum(span.attributes.get("gen_ai.usage.prompt_tokens", 0) for span in spans) == 190
    assert ANSWER in str(agent.attributes)
