"""The whole Assistants surface with another tool on: nothing of ours changes for the app, the tool, or us."""

from __future__ import annotations

import functools
import json
import re
import tempfile
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from differential.compare import differences, report
from differential.test_surface import NOT_RECORDED
from layered.comparable import by_run, without_ids
from layered.environments import ENVIRONMENTS, Environment, environment_of, run

ORDERS = ("theirs first", "ours first")
PROCESSES = ThreadPoolExecutor(max_workers=2)

# Of the spans that each tool makes in the play, by what it is alone: a tool that has silently stopped to
# do anything must not look like one that gets on with us.
LEAST_SPANS = {"agentops": 200, "langfuse": 16, "openinference": 800, "traceloop": 25}

# These show the runs that traceloop kept from the app by raising; what was only ever listed is not followed.
LATER_LISTS = re.compile(r"early raw (runs\.list|page)")

each_tool = pytest.mark.parametrize("tool", sorted(ENVIRONMENTS))
each_order = pytest.mark.parametrize("order", ORDERS)


def switched_on(tool: str, order: str) -> tuple[str, ...]:
    return (tool, "ours") if order == "theirs first" else ("ours", tool)


def play(tool: str, *names: str) -> dict[str, Any]:
    """Return the record of a play in the tool's environment; each is played once, and the others begin."""
    environment_of(tool)
    for each in ((tool,), ("ours",), *(switched_on(tool, order) for order in ORDERS)):
        _started(tool, *each)
    return _started(tool, *names).result()


def _started(tool: str, *names: str) -> Future[dict[str, Any]]:
    # Without the tool, what is laid over an interpreter for it changes nothing.
    environment = ENVIRONMENTS[tool]
    return _submitted(environment if tool in names else Environment(environment.python), names)


@functools.cache
def _submitted(environment: Environment, names: tuple[str, ...]) -> Future[dict[str, Any]]:
    return PROCESSES.submit(_played, environment, names)


def _played(environment: Environment, names: tuple[str, ...]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        module = ("-m", "differential.surface", "--mode", "beside")
        done = run(environment, Path(folder), *module, "--output", folder, "--switch-on", *names)
        record: dict[str, Any] = json.loads(Path(folder, "beside.json").read_text(encoding="utf-8"))
    return {**record, "stdout": done.stdout, "stderr": done.stderr}


@each_tool
@each_order
def test_the_app_sees_what_it_sees_with_the_tool_alone(tool: str, order: str) -> None:
    theirs, both = play(tool, tool), play(tool, *switched_on(tool, order))
    found = differences(theirs, both)
    assert not found, report(found)
    assert (both["stdout"], both["stderr"]) == (theirs["stdout"], theirs["stderr"])


@each_tool
@each_order
def test_the_tools_own_spans_are_the_same(tool: str, order: str) -> None:
    theirs = play(tool, tool)["watched"]["spans"]
    assert len(theirs) >= LEAST_SPANS[tool]
    assert play(tool, *switched_on(tool, order))["watched"]["spans"] == theirs


def left_waiting(watched: dict[str, Any]) -> set[str]:
    """The runs that wait for the app, which traceloop kept from it by raising: a list alone shows them."""
    runs = by_run(watched["events"])
    changes = {
        run: {event["learnt_from"] for event in events if event["event"] == "RunStatusChanged"}
        for run, events in runs.items()
    }
    return {run for run in changes.keys() - watched["ended"].keys() if changes[run] == {"list"}}


@each_tool
@each_order
def test_every_run_that_the_app_saw_was_recorded_once(tool: str, order: str) -> None:
    record = play(tool, *switched_on(tool, order))
    watched = record["watched"]
    assert set(watched["created"].values()) == {1}
    assert set(watched["ended"].values()) == {1}
    left = left_waiting(watched)
    assert not left or tool == "traceloop"
    assert watched["created"].keys() - left == watched["ended"].keys()
    steps = [step for step in record["steps"] if not NOT_RECORDED.search(step["step"])]
    if tool == "traceloop":
        steps = [step for step in steps if not LATER_LISTS.search(step["step"])]
    assert {run for step in steps for run in step["runs"]} - watched["ended"].keys() == set()
    assert watched["contained"] == {}


@pytest.mark.parametrize("tool", ["agentops", "langfuse", "openinference"])
@each_order
def test_our_events_are_the_same(tool: str, order: str) -> None:
    alone = by_run(play(tool, "ours")["watched"]["events"])
    assert len(alone) >= 150
    assert by_run(play(tool, *switched_on(tool, order))["watched"]["events"]) == alone


@each_order
def test_our_events_are_the_same_where_traceloop_lets_the_app_go_on(order: str) -> None:
    """It raises in the app where `create` streams, or where it is read raw: the app never sees those runs."""
    alone = by_run(play("traceloop", "ours")["watched"]["events"])
    watched = play("traceloop", *switched_on("traceloop", order))["watched"]
    both, but = by_run(watched["events"]), left_waiting(watched) | {"no run"}
    others = Counter(without_ids(events) for run, events in both.items() if run not in but)
    assert others.total() >= 130
    assert others <= Counter(without_ids(events) for run, events in alone.items() if run != "no run")


def test_what_traceloop_alone_raises_in_the_app() -> None:
    steps = {step["step"]: step.get("error", {}) for step in play("traceloop", "traceloop")["steps"]}
    raised = {
        "runs.create(stream=True)": "'Stream' object has no attribute 'get'",
        "runs.create_and_stream without handler": "'event_handler'",
    }
    for name, message in raised.items():
        assert steps[f"sync streams: {name}"]["message"] == message
    image_first = steps["sync runs: messages.list 0"]
    assert image_first["message"] == "'NoneType' object has no attribute 'get'"
