"""Responses of several processes: the output of one's call is in the input of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import threadtrail
from threadtrail.events import RunEnded
from threadtrail.testing import capture
from threadtrail.testing.server import FunctionCall, RunScript, ToolCalls

if TYPE_CHECKING:
    from openai import OpenAI

    from threadtrail.testing import AssistantsServer


def test_outputs_that_another_process_sends_again_after_a_response_was_cancelled(
    client: OpenAI, server: AssistantsServer
) -> None:
    server.script(RunScript(ToolCalls(FunctionCall("f")), "in time"))
    with capture() as one:
        asking = client.responses.create(model="gpt-4o", input="hi")
        call: Any = asking.output[0]
        output: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "1"}
        answers: Any = {"model": "gpt-4o", "previous_response_id": asking.id, "input": [output]}
        late = client.responses.create(**answers, background=True)
        assert client.responses.cancel(late.id).status == "cancelled"
    with capture() as another:
        again = client.responses.create(**answers)
    assert another.run().turn_id == again.id
    merged = threadtrail.merge([*one.events, *another.events])
    runs = {event.run.id: event.run for event in merged if isinstance(event, RunEnded)}
    assert {run.turn_id for run in runs.values()} == {asking.id}
    assert runs[late.id].answers == runs[again.id].answers == (asking.id,)
