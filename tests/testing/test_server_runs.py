"""Runs: polled and submitted to, and what scripts let them do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest
from openai import BadRequestError, InternalServerError, NotFoundError, OpenAI

from threadtrail.testing.server import (
    SCENARIOS,
    AssistantsServer,
    Completed,
    FunctionCall,
    Hangs,
    Message,
    RunRequest,
    RunScript,
    ToolCalls,
    Usage,
    echo,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openai.types.beta.threads import Run

    from threadtrail.testing.server import SubmittedOutput

SEARCH_CONTENT: Literal["step_details.tool_calls[*].file_search.results[*].content"] = (
    "step_details.tool_calls[*].file_search.results[*].content"
)


def texts(client: OpenAI, thread_id: str) -> list[str]:
    listed = client.beta.threads.messages.list(thread_id, order="asc")
    return [part.text.value for item in listed for part in item.content if part.type == "text"]


def submit_all(client: OpenAI, run: Run, output: str = "4 degrees") -> Run:
    assert run.required_action is not None
    calls = run.required_action.submit_tool_outputs.tool_calls
    return client.beta.threads.runs.submit_tool_outputs_and_poll(
        run_id=run.id,
        thread_id=run.thread_id,
        tool_outputs=[{"tool_call_id": call.id, "output": output} for call in calls],
    )


def test_run_moves_on_with_each_poll(
    client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str
) -> None:
    server.script_next(RunScript("x = 1", polls=4, queued_polls=1))
    runs = client.beta.threads.runs
    created = runs.create(thread_id, assistant_id=assistant_id)
    assert (created.status, created.usage, created.started_at) == ("queued", None, None)
    assert created.expires_at == created.created_at + 600
    seen = [runs.retrieve(created.id, thread_id=thread_id) for _ in range(5)]
    assert [run.status for run in seen] == [
        "queued",
        "in_progress",
        "in_progress",
        "completed",
        "completed",
    ]
    assert [run.usage is None for run in seen] == [True, True, True, False, False]
    assert seen[-1].completed_at is not None
    assert seen[-1].expires_at is None


@pytest.mark.parametrize("polls", [1, 50])
def test_number_of_polls_is_exact(
    client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str, polls: int
) -> None:
    server.script_next(RunScript("x = 1", polls=polls))
    run = client.beta.threads.runs.create_and_poll(
        thread_id=thread_id, assistant_id=assistant_id, poll_interval_ms=0
    )
    assert run.status == "completed"
    assert len(server.requests_to("runs.retrieve")) == polls


def test_no_poll_means_ended_at_once(
    client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str
) -> None:
    server.script_next(RunScript("x = 1", polls=0))
    run = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    assert run.status == "completed"
    assert texts(client, thread_id) == ["3x + 11 = 14", "x = 1"]


def test_run_echoes_the_assistant_and_the_request(client: OpenAI, thread_id: str) -> None:
    assistant = client.beta.assistants.create(
        model="gpt-4o", instructions="Be kind.", tools=[{"type": "file_search"}], temperature=0.5
    )
    run = client.beta.threads.runs.create(
        thread_id,
        assistant_id=assistant.id,
        additional_instructions="Be short.",
        metadata={"a": "b"},
        model="gpt-4o-mini",
        max_completion_tokens=100,
        additional_messages=[{"role": "user", "content": "Also this."}],
    )
    assert (run.model, run.temperature, run.instructions) == (
        "gpt-4o-mini",
        0.5,
        "Be kind. Be short.",
    )
    assert run.tools[0].type == "file_search"
    assert (run.metadata, run.max_completion_tokens) == ({"a": "b"}, 100)
    assert (run.tool_choice, run.response_format, run.parallel_tool_calls) == ("auto", "auto", True)
    assert run.truncation_strategy is not None
    assert texts(client, thread_id)[-1] == "Also this."
    changed = client.beta.threads.runs.update(run.id, thread_id=thread_id, metadata={"c": "d"})
    assert changed.metadata == {"c": "d"}
    assert [item.id for item in client.beta.threads.runs.list(thread_id)] == [run.id]


def test_parallel_function_calls_and_two_rounds(
    client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str
) -> None:
    server.script_next(SCENARIOS["two-rounds"])
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    assert run.status == "requires_action"
    assert run.usage is None
    assert run.required_action is not None
    calls = run.required_action.submit_tool_outputs.tool_calls
    assert [(call.function.name, call.function.arguments) for call in calls] == [
        ("get_weather", '{"city": "Oslo"}'),
        ("get_weather", '{"city": "Rome"}'),
    ]
    [waiting] = client.beta.threads.runs.steps.list(run.id, thread_id=thread_id).data
    assert (waiting.status, waiting.usage) == ("in_progress", None)
    second = submit_all(client, run)
    assert second.status == "requires_action"
    last = submit_all(client, second, "noon")
    assert last.status == "completed"
    steps = client.beta.threads.runs.steps.list(run.id, thread_id=thread_id, order="asc").data
    assert [step.type for step in steps] == ["tool_calls", "tool_calls", "message_creation"]
    assert all(step.status == "completed" and step.usage for step in steps)
    assert steps[0].step_details.type == "tool_calls"
    outputs = [call.function.output for call in steps[0].step_details.tool_calls if call.type == "function"]
    assert outputs == ["4 degrees", "4 degrees"]
    assert texts(client, thread_id)[-1] == (
        "get_weather says 4 degrees; get_weather says 4 degrees; get_time says noon"
    )
    assert last.usage is not None
    assert last.usage.to_dict() == {
        "prompt_tokens": 50,
        "completion_tokens": 20,
        "total_tokens": 70,
    }


def test_each_leg_has_its_own_polls(
    client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str
) -> None:
    server.script_next(RunScript(ToolCalls(FunctionCall("f")), "Done.", polls=[3, 1]))
    run = client.beta.threads.runs.create_and_poll(
        thread_id=thread_id, assistant_id=assistant_id, poll_interval_ms=0
    )
    assert len(server.requests_to("runs.retrieve")) == 3
    submit_all(client, run)
    assert len(server.requests_to("runs.retrieve")) == 4


def test_submitting_what_was_not_asked_for_is_refused(
    client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str
) -> None:
    server.script_next(RunScript(ToolCalls(FunctionCall("f", id="call_1"))))
    runs = client.beta.threads.runs
    run = runs.create(thread_id, assistant_id=assistant_id)
    with pytest.raises(BadRequestError, match='Runs in status "queued" do not accept tool outputs'):
        runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=[])
    runs.poll(run.id, thread_id=thread_id)
    expected = r"Expected tool outputs for call_ids \['call_1'\], got \['call_2'\]"
    with pytest.raises(BadRequestError, match=expected):
        runs.submit_tool_outputs(
            run.id, thread_id=thread_id, tool_outputs=[{"tool_call_id": "call_2", "output": ""}]
        )


def test_active_run_locks_its_thread(
    client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str
) -> None:
    server.script_next(RunScript(end=Hangs()))
    run = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    locked = f"Can't add messages to {thread_id} while a run {run.id} is active."
    with pytest.raises(BadRequestError) as caught:
        client.beta.threads.messages.create(thread_id, role="user", content="more")
    assert caught.value.body == {
        "message": locked,
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }
    active = f"Thread {thread_id} already has an active run {run.id}."
    with pytest.raises(BadRequestError, match=active):
        client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)


@pytest.mark.parametrize("name", sorted(SCENARIOS.keys() - {"hanging"}))
def test_every_scenario_polls_and_streams_to_the_same_end(
    client: OpenAI, server: AssistantsServer, assistant_id: str, name: str
) -> None:
    server.script(SCENARIOS[name])
    ends = []
    for use_stream in (False, True):
        run = _start(client, assistant_id, use_stream=use_stream)
        while run.status == "requires_action":
            run = submit_all(client, run)
        steps = client.beta.threads.runs.steps.list(run.id, thread_id=run.thread_id)
        contents = client.beta.threads.messages.list(run.thread_id, run_id=run.id)
        ends.append(
            (
                run.status,
                run.usage,
                [(step.type, step.status, step.usage) for step in steps],
                [[part.type for part in message.content] for message in contents],
            )
        )
    assert ends[0] == ends[1]


def _start(client: OpenAI, assistant_id: str, *, use_stream: bool) -> Run:
    if not use_stream:
        return client.beta.threads.create_and_run_poll(assistant_id=assistant_id)
    with client.beta.threads.create_and_run_stream(assistant_id=assistant_id) as stream:
        return stream.get_final_run()


def test_file_search_content_comes_only_when_included(
    client: OpenAI, server: AssistantsServer, assistant_id: str
) -> None:
    server.script_next(SCENARIOS["file-search"])
    run = client.beta.threads.create_and_run_poll(assistant_id=assistant_id)
    steps = client.beta.threads.runs.steps

    def first_result(step: Any) -> dict[str, Any]:
        results: list[dict[str, Any]] = step.to_dict()["step_details"]["tool_calls"][0]["file_search"][
            "results"
        ]
        return results[0]

    plain = steps.list(run.id, thread_id=run.thread_id, order="asc").data[0]
    assert first_result(plain) == {
        "file_id": "file-handbook",
        "file_name": "handbook.pdf",
        "score": 0.92,
    }
    listed = steps.list(run.id, thread_id=run.thread_id, order="asc", include=[SEARCH_CONTENT]).data[0]
    read = steps.retrieve(plain.id, thread_id=run.thread_id, run_id=run.id, include=[SEARCH_CONTENT])
    for step in (listed, read):
        assert first_result(step)["content"] == [{"type": "text", "text": "Leave is 30 days."}]


def test_code_interpreter_shows_logs_and_image(
    client: OpenAI, server: AssistantsServer, assistant_id: str
) -> None:
    server.script_next(SCENARIOS["code-interpreter"])
    run = client.beta.threads.create_and_run_poll(assistant_id=assistant_id)
    step = client.beta.threads.runs.steps.list(run.id, thread_id=run.thread_id, order="asc").data[0]
    assert step.step_details.type == "tool_calls"
    [call] = step.step_details.tool_calls
    assert call.type == "code_interpreter"
    assert "print(x)" in call.code_interpreter.input
    assert [output.type for output in call.code_interpreter.outputs] == ["logs", "image"]


def test_what_no_sdk_knows_yet_arrives(client: OpenAI, server: AssistantsServer, assistant_id: str) -> None:
    server.script_next(SCENARIOS["unknown"])
    run = client.beta.threads.create_and_run_poll(assistant_id=assistant_id)
    assert run.to_dict()["carbon_grams"] == 3
    raw = client.beta.threads.runs.steps.with_raw_response.list(run.id, thread_id=run.thread_id, order="asc")
    step = raw.http_response.json()["data"][0]
    assert step["step_details"]["tool_calls"][0]["hologram"] == {"shape": "sphere"}
    listed = client.beta.threads.messages.with_raw_response.list(run.thread_id)
    message = listed.http_response.json()["data"][0]
    assert (message["mood"], message["content"][1]["type"]) == ("calm", "hologram")


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (None, None),
        (Usage(7, 3), {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}),
        ("sum", {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}),
    ],
)
def test_usage_is_what_the_script_says(
    client: OpenAI, server: AssistantsServer, assistant_id: str, usage: Any, expected: Any
) -> None:
    steps = (Message("a", usage=Usage(1, 2)), Message("b", usage=None))
    server.script_next(RunScript(*steps, usage=usage))
    run = client.beta.threads.create_and_run_poll(assistant_id=assistant_id)
    assert (run.usage.to_dict() if run.usage else None) == expected


def test_which_script_wins(client: OpenAI, server: AssistantsServer, assistant_id: str) -> None:
    other_id = client.beta.assistants.create(model="gpt-4o", name="Other").id
    thread_id = client.beta.threads.create().id
    server.script(RunScript("default", polls=0))
    server.script(RunScript("by name", polls=0), assistant="Math Tutor")
    server.script(RunScript("by id", polls=0), assistant=other_id)
    server.script(RunScript("by thread", polls=0), thread_id=thread_id)
    server.script_next(RunScript("next", polls=0))
    third_id = client.beta.assistants.create(model="gpt-4o").id

    def answer(assistant: str, thread: str | None = None) -> str:
        thread = thread or client.beta.threads.create().id
        client.beta.threads.runs.create(thread, assistant_id=assistant)
        return texts(client, thread)[-1]

    assert answer(assistant_id, thread_id) == "next"
    assert answer(assistant_id, thread_id) == "by thread"
    assert answer(assistant_id) == "by name"
    assert answer(other_id) == "by id"
    assert answer(third_id) == "default"


def test_function_chooses_the_script(
    client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str
) -> None:
    seen: list[RunRequest] = []

    def choose(request: RunRequest) -> RunScript:
        seen.append(request)
        return echo(request)

    def add(outputs: Sequence[SubmittedOutput]) -> Message:
        return Message(f"{len(outputs)} outputs")

    server.script(choose)
    run = client.beta.threads.runs.create_and_poll(
        thread_id=thread_id, assistant_id=assistant_id, metadata={"k": "v"}
    )
    assert run.status == "completed"
    [request] = seen
    assert request.thread_id == thread_id
    assert request.assistant["name"] == "Math Tutor"
    assert request.body["metadata"] == {"k": "v"}
    assert request.last_user_text == "3x + 11 = 14"
    assert texts(client, thread_id)[-1] == "You said: 3x + 11 = 14"
    server.script_next(RunScript(add, polls=0))
    client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    assert texts(client, thread_id)[-1] == "0 outputs"


def test_unknown_ids_are_not_found(client: OpenAI, assistant_id: str, thread_id: str) -> None:
    runs = client.beta.threads.runs
    with pytest.raises(NotFoundError, match="No thread found with id 'thread_x'"):
        runs.create("thread_x", assistant_id=assistant_id)
    with pytest.raises(NotFoundError, match="No assistant found with id 'asst_x'"):
        runs.create(thread_id, assistant_id="asst_x")
    with pytest.raises(NotFoundError, match="No assistant found with id 'asst_x'"):
        client.beta.threads.create_and_run(assistant_id="asst_x")
    with pytest.raises(NotFoundError, match="No run found with id 'run_x'"):
        runs.retrieve("run_x", thread_id=thread_id)
    run = runs.create(thread_id, assistant_id=assistant_id)
    with pytest.raises(NotFoundError, match="No run step found with id 'step_x'"):
        runs.steps.retrieve("step_x", thread_id=thread_id, run_id=run.id)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"polls": []}, ValueError, r"polls=\[\] is empty"),
        ({"polls": [1, -1]}, ValueError, "polls=-1 is negative"),
        ({"queued_polls": -1}, ValueError, "queued_polls=-1 is negative"),
        ({"event_delay": -0.5}, ValueError, "event_delay=-0.5 is negative"),
        (
            {"end": Completed},
            TypeError,
            "is not an end of a run; give an instance of one of Completed, Failed",
        ),
    ],
)
def test_script_that_makes_no_sense_is_refused(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        RunScript("a", **arguments)


def test_function_that_chooses_no_script_is_an_error_of_the_server(
    client: OpenAI,
    server: AssistantsServer,
    assistant_id: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.script(lambda request: None)  # type: ignore[arg-type,return-value]  # the mistake
    with pytest.raises(InternalServerError):
        client.with_options(max_retries=0).beta.threads.create_and_run(assistant_id=assistant_id)
    assert "it must return a RunScript or a string" in caplog.text


def test_a_string_is_a_script_with_one_message() -> None:
    with AssistantsServer("at first") as server, OpenAI(base_url=server.base_url, api_key="sk") as client:
        assistant = client.beta.assistants.create(model="gpt-4o")

        def answer() -> str:
            run = client.beta.threads.create_and_run_poll(assistant_id=assistant.id)
            (message,) = client.beta.threads.messages.list(run.thread_id).data
            return "".join(part.text.value for part in message.content if part.type == "text")

        answers = [answer()]
        server.script("for all")
        server.script(lambda request: "of a function", assistant=assistant.id)
        server.script_next("one", RunScript("two"))
        answers += [answer() for _ in range(3)]
    assert answers == ["at first", "one", "two", "of a function"]


@pytest.mark.parametrize("mistake", [None, 3, Message("x"), ["a", "b"]])
def test_what_is_no_script_is_refused_at_once(server: AssistantsServer, mistake: Any) -> None:
    message = r"is not a script; give a RunScript with steps, a string, which is a message, or a function"
    with pytest.raises(TypeError, match=message):
        server.script_next("good", mistake)
    with pytest.raises(TypeError, match=message):
        server.script(mistake)
    with pytest.raises(TypeError, match=message):
        AssistantsServer(mistake)
    assert not server._backend.next_scripts, "all or none of them"
