"""What one process published stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pydantic
import pytest

import threadtrail
from threadtrail.events import RunEnded, ToolCallCompleted
from threadtrail.testing import capture
from threadtrail.testing.server import FunctionCall, RunScript, ToolCalls

if TYPE_CHECKING:
    from openai import OpenAI

    from threadtrail.testing import AssistantsServer


def test_a_call_that_is_answered_after_its_run_was_published(
    client: OpenAI, server: AssistantsServer
) -> None:
    server.script(RunScript(ToolCalls(FunctionCall("f"))))
    with capture() as captured:
        asking = client.responses.create(model="gpt-4o", input="hi")
        threadtrail.flush()
        call: Any = asking.output[0]
        output: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "1"}
        client.responses.create(model="gpt-4o", previous_response_id=asking.id, input=[output])
    merged = threadtrail.merge(captured.events)
    assert sorted(map(repr, merged)) == sorted(map(repr, captured.events))
    places = {type(event): at for at, event in enumerate(merged) if getattr(event, "run_id", "") == asking.id}
    assert places[RunEnded] < places[ToolCallCompleted]


class Answer(pydantic.BaseModel):
    number: int


def test_outputs_that_are_sent_again_after_an_answer_that_does_not_validate(
    client: OpenAI, server: AssistantsServer
) -> None:
    server.script(RunScript(ToolCalls(FunctionCall("f")), "no JSON"))
    with capture() as captured:
        asking = client.responses.create(model="gpt-4o", input="hi")
        call: Any = asking.output[0]
        output: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "1"}
        again: Any = {"model": "gpt-4o", "previous_response_id": asking.id, "input": [output]}
        with pytest.raises(pydantic.ValidationError):
            client.responses.parse(**again, text_format=Answer)
        client.responses.create(**again)
    first, parsed, second = captured.runs
    assert (parsed.turn_id, second.turn_id) == (first.id, second.id)
    merged = threadtrail.merge(captured.events)
    assert sorted(map(repr, merged)) == sorted(map(repr, captured.events))
