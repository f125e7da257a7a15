"""Switched on and off in any order: each records while it is on, and only what the tool leaves is left."""

from __future__ import annotations

import functools
import itertools
import json
from typing import Any

import pytest

from layered.environments import ENVIRONMENTS, environment_of, run

# Langfuse's `langfuse.openai` cannot be switched off.
each_tool = pytest.mark.parametrize("tool", ["agentops", "openinference", "traceloop"])
each_order = pytest.mark.parametrize(
    ("on", "off"),
    [*itertools.product(["theirs ours", "ours theirs"], repeat=2)],
    ids=lambda order: order.replace(" ", ", "),
)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Any:
    @functools.cache
    def tell(tool: str, on: str, off: str) -> dict[str, Any]:
        names = f"{on} - {off}".replace("theirs", tool).split()
        folder = tmp_path_factory.mktemp(tool)
        done = run(environment_of(tool), folder, "-m", "layered.coming_and_going", *names)
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    return tell


@each_tool
@each_order
def test_each_records_while_it_is_on_and_nothing_of_ours_is_left(
    told: Any, tool: str, on: str, off: str
) -> None:
    theirs, ours = told(tool, "theirs", "theirs"), told(tool, "ours", "ours")
    (_, spans), (_, spans_after) = theirs["recorded"]
    events, events_after = (recorded[0] for recorded in ours["recorded"])
    assert spans > 0
    assert (events, events_after) == (18, 0)

    both = told(tool, on, off)
    one_off = [0, spans] if off.startswith("ours") else [events, spans_after]
    assert both["recorded"] == [[events, spans], one_off, [0, spans_after]]
    assert both["changed"] == theirs["changed"], "what the tool alone leaves of its wrappers"
    assert both["ours"] == []
    assert both["patched"] == 0


def test_what_a_tool_alone_leaves_behind(told: Any) -> None:
    """OpenInference leaves what was inherited as the class's own; Traceloop takes nothing off."""
    left = {tool: told(tool, "theirs", "theirs") for tool in ENVIRONMENTS if tool != "langfuse"}
    assert left["openinference"]["changed"] == ["AsyncOpenAI.request", "OpenAI.request"]
    assert left["openinference"]["recorded"][1] == [0, 0]
    assert left["agentops"]["recorded"][1] == [0, 0]
    assert "Runs.retrieve" in left["traceloop"]["changed"]
    assert left["traceloop"]["recorded"] == [[0, 1], [0, 1]]
