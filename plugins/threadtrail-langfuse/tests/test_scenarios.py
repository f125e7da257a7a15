"""Each way in which an app uses Responses arrives truthfully: tokens, tools, levels, trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from peer_table.scenarios import SCENARIOS

import threadtrail
from langfuse_stage import total_usage

if TYPE_CHECKING:
    from langfuse_receiver import Observation
    from langfuse_stage import Stage


@pytest.mark.parametrize("name", SCENARIOS)
async def test_what_arrives_is_the_truth(stage: Stage, name: str) -> None:
    scenario, langfuse = SCENARIOS[name], stage.langfuse
    scenario.prepare(stage.server)
    known = "" if scenario.before is None else await scenario.before(stage.client)
    stage.trace()
    await scenario.app(stage.client, known)
    threadtrail.uninstrument()

    truth = scenario.truth
    assert len(langfuse.of("generation")) == truth.runs
    assert len(langfuse.of("agent")) == (1 if truth.runs > 1 else 0), "only a loop has one"
    assert total_usage(langfuse.observations)["input"] == (truth.input_tokens or 0)
    assert not any(each.usage for each in langfuse.observations if each.type != "generation")
    assert tuple(each.metadata["kind"] for each in langfuse.of("tool", "retriever")) == truth.tools
    levels = {each.level for each in langfuse.of("agent", "generation", "span")}
    assert ("ERROR" in levels) is truth.error
    assert truth.finished or "DEFAULT" not in levels, "what has not ended is a warning or an error"
    check_trees(langfuse.observations)


def check_trees(observations: list[Observation]) -> None:
    """Each trace has one root, in whose time all else lies."""
    by_id = {each.id: each for each in observations}
    roots = [each.trace_id for each in observations if each.parent_id is None]
    assert sorted(roots) == sorted({each.trace_id for each in observations})
    for each in observations:
        assert each.is_app_root is (each.parent_id is None)
        if each.parent_id is not None:
            parent = by_id[each.parent_id]
            assert each.trace_id == parent.trace_id
            assert parent.start <= each.start <= each.end <= parent.end
