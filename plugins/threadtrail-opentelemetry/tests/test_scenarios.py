"""Each way in which an app uses Responses arrives truthfully: tokens, tools, errors, trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from peer_table.scenarios import SCENARIOS

import threadtrail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_stage import Stage
    from threadtrail.testing.otlp import ReceivedSpan

OPERATION, TOKENS = "gen_ai.operation.name", "gen_ai.usage.input_tokens"


@pytest.mark.parametrize("name", SCENARIOS)
async def test_what_arrives_is_the_truth(stage: Stage, name: str) -> None:
    scenario, truth = SCENARIOS[name], SCENARIOS[name].truth
    scenario.prepare(stage.server)
    known = "" if scenario.before is None else await scenario.before(stage.client)
    stage.traced()
    await scenario.app(stage.client, known)
    threadtrail.uninstrument()

    spans = stage.receiver.spans
    generations = operation(spans, "chat")
    assert len(generations) == truth.runs
    assert len(operation(spans, "invoke_agent")) == (1 if truth.runs > 1 else 0), "only a loop has one"
    assert sum(span.attributes.get(TOKENS, 0) for span in spans) == (truth.input_tokens or 0)
    assert not any(TOKENS in span.attributes for span in spans if span not in generations)
    assert len(operation(spans, "execute_tool")) == len(truth.tools)
    assert any(span.status == "ERROR" for span in generations) is truth.error
    check_trees(spans)


def operation(spans: Sequence[ReceivedSpan], name: str) -> list[ReceivedSpan]:
    return [span for span in spans if span.attributes.get(OPERATION) == name]


def check_trees(spans: Sequence[ReceivedSpan]) -> None:
    """Each trace has one root, in whose time all else lies; each id is there once."""
    by_id = {span.span_id: span for span in spans}
    assert len(by_id) == len(spans)
    roots = [span.trace_id for span in spans if span.parent_id is None]
    assert sorted(roots) == sorted({span.trace_id for span in spans})
    for span in spans:
        if span.parent_id is not None:
            parent = by_id[span.parent_id]
            assert span.trace_id == parent.trace_id
            assert parent.start <= span.start <= span.end <= parent.end
