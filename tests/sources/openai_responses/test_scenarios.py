"""Each way in which an app uses Responses is recorded truthfully: runs, tokens, tools, errors.

The scenarios are those in which other tools are compared as well (``tools/peer_table``); some more follow.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import openai
import pytest
from peer_table import apps
from peer_table.scenarios import SCENARIOS, Scenario, Truth

from driving import drained, entered, resolved
from threadtrail.events import RequestFailed, RunEnded, TurnEnded
from threadtrail.testing import capture
from threadtrail.testing.server import StreamError

if TYPE_CHECKING:
    from threadtrail.testing import AssistantsServer, Captured


async def polled_and_looked_at_again(client: Any, _known: str) -> None:
    known = await apps.begin(client)
    await apps.finish(client, known)
    await apps.look_again(client, known)
    await drained(await resolved(client.responses.retrieve(known)))


async def cancelled_twice_and_polled(client: Any, _known: str) -> None:
    known = await apps.begin(client)
    for _ in range(2):
        await resolved(client.responses.cancel(known))
    await apps.finish(client, known)


async def body_read(client: Any, _known: str) -> None:
    async with entered(client.responses.with_streaming_response.create(**apps.ASK)) as response:
        json.loads(await resolved(response.read()))


async def stream_that_raises(client: Any, _known: str) -> None:
    with contextlib.suppress(openai.APIError):
        await apps.stream(client)


MORE = {
    "background, polled, looked at again": Scenario(app=polled_and_looked_at_again),
    "background cancelled twice, polled": Scenario(
        app=cancelled_twice_and_polled, truth=Truth(input_tokens=0)
    ),
    "with_streaming_response, read()": Scenario(app=body_read),
    "stream with an `error` event that raises": Scenario(
        app=stream_that_raises,
        faults={"responses.create": StreamError(after_events=8)},
        truth=Truth(input_tokens=None, error=True, finished=False),
    ),
}


@pytest.fixture(params=[*SCENARIOS, *MORE])
def scenario(request: pytest.FixtureRequest) -> Scenario:
    return {**SCENARIOS, **MORE}[request.param]


def recorded_truth(captured: Captured) -> Truth:
    """What was recorded, in the terms of the truth."""
    runs = captured.runs
    usages = [run.usage for run in runs]
    return Truth(
        runs=len(runs),
        input_tokens=sum(usage.input_tokens for usage in usages if usage is not None),
        tools=tuple(call.kind for run in runs for call in run.tool_calls),
        error=any(run.error is not None for run in runs) or bool(captured.of(RequestFailed)),
        finished=all(run.finished for run in runs),
    )


@pytest.mark.usefixtures("strict")
async def test_what_is_recorded_is_the_truth(
    scenario: Scenario, any_client: Any, server: AssistantsServer
) -> None:
    scenario.prepare(server)
    known = "" if scenario.before is None else await scenario.before(any_client)
    with capture() as captured:
        await scenario.app(any_client, known)
    # What nobody can know is not made up.
    truth = dataclasses.replace(scenario.truth, input_tokens=scenario.truth.input_tokens or 0)
    assert recorded_truth(captured) == truth


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("app", [apps.loop_by_id, apps.loop_by_input])
async def test_a_tool_loop_is_one_turn_with_the_functions_output(
    app: Any, any_client: Any, server: AssistantsServer
) -> None:
    next(scenario for scenario in SCENARIOS.values() if scenario.app is app).prepare(server)
    with capture() as captured:
        await app(any_client)
    asking, answering = captured.runs
    (call,) = asking.tool_calls
    assert (call.name, call.output) == ("get_weather", apps.OUTPUT)
    (ended,) = captured.of(TurnEnded)
    assert ended.turn.run_ids == (asking.id, answering.id)
    assert {asking.turn_id, answering.turn_id} == {asking.id}
    assert ended.turn.usage is not None
    assert ended.turn.usage.input_tokens == 200


@pytest.mark.usefixtures("strict")
async def test_an_answer_that_does_not_validate_is_a_failed_request_of_its_run(
    any_client: Any, server: AssistantsServer
) -> None:
    SCENARIOS["parse, answer does not validate"].prepare(server)
    with capture() as captured:
        await apps.parse_what_does_not_validate(any_client)
    run = captured.run()
    (failed,) = captured.of(RequestFailed)
    assert (failed.operation, failed.run_id) == ("responses.parse", run.id)
    assert isinstance(captured.events[-1], RunEnded)
    assert run.error is not None
    assert (run.status, run.error.type, run.failed) == ("completed", "ValidationError", False)


def test_there_are_as_many_scenarios_as_tools_were_compared_in() -> None:
    assert len(SCENARIOS) == 26
