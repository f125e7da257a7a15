"""Each way in which an app uses Responses arrives truthfully: tokens, tools, errors, sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from peer_table.scenarios import SCENARIOS

import threadtrail
from agentops_shown import shown, type_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai import OpenAI

    from agentops_receiver import Receiver
    from threadtrail.testing import AssistantsServer


@pytest.mark.parametrize("name", SCENARIOS)
async def test_what_arrives_is_the_truth(
    server: AssistantsServer, client: OpenAI, receiver: Receiver, traced: Callable[..., None], name: str
) -> None:
    scenario, truth = SCENARIOS[name], SCENARIOS[name].truth
    scenario.prepare(server)
    known = "" if scenario.before is None else await scenario.before(client)
    traced()
    await scenario.app(client, known)
    threadtrail.uninstrument()

    spans, traces = receiver.spans, shown(receiver.spans)
    kinds = [type_of(span) for span in spans]
    assert kinds.count("llm") == truth.runs
    assert kinds.count("agent") == (1 if truth.runs > 1 else 0), "only a loop has one"
    assert kinds.count("tool") == len(truth.tools)
    assert sum(trace.tokens.get("prompt", 0) for trace in traces) == (truth.input_tokens or 0)
    assert any(span.status == "ERROR" for span in spans if type_of(span) == "llm") is truth.error
    assert len(traces) == min(truth.runs, 1), "a turn is one session"
    ids = {span.span_id for span in spans}
    assert len(ids) == len(spans)
    for trace in traces:
        outside = [span for span in trace.spans if span.parent_id not in ids]
        assert len(outside) == 1, "each trace has one root"
        assert outside[0].start == min(span.start for span in trace.spans), "which begins first"
