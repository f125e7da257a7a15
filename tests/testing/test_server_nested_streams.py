from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.testing.server import AssistantsServer, FunctionCall, Gate, Message, RunScript, ToolCalls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai import OpenAI

BEFORE_OUTPUTS = "thread.run.requires_action"


def test_a_stream_ends_with_its_leg_although_the_outputs_came_before_it_could_say_so(
    server: AssistantsServer, client: OpenAI, assistant_id: str, thread_id: str
) -> None:
    gate = Gate()
    script = RunScript(ToolCalls(FunctionCall("get_weather", {})), Message("It is cold."), gate=gate)
    server.script_next(script)
    runs = client.beta.threads.runs
    outer: Iterator[Any] = runs.create(thread_id, assistant_id=assistant_id, stream=True)
    seen: list[Any] = []
    while not seen or seen[-1].event != BEFORE_OUTPUTS:
        gate.release()
        seen.append(next(outer))
    gate.wait_for_waiters()  # the outer stream has only its end to say, and may not yet
    run = seen[-1].data
    (call,) = run.required_action.submit_tool_outputs.tool_calls
    inner: Iterator[Any] = runs.submit_tool_outputs(
        run.id,
        thread_id=thread_id,
        tool_outputs=[{"tool_call_id": call.id, "output": "-4"}],
        stream=True,
    )
    gate.open()
    assert list(outer) == []
    inner_events = [event.event for event in inner]
    assert inner_events[0] == "thread.run.step.completed"
    assert inner_events[-1] == "thread.run.completed"
    assert inner_events.count("thread.message.created") == 1
    assert runs.retrieve(run.id, thread_id=thread_id).status == "completed"
