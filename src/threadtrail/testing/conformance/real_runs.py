"""Real runs against the local server, one for each end of a run, with a secret in all content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.testing.server import (
    AssistantsServer,
    Cancelled,
    CodeInterpreterCall,
    Completed,
    Expired,
    Failed,
    FileSearchCall,
    FileSearchResult,
    FunctionCall,
    ImageFile,
    Incomplete,
    Message,
    Refusal,
    RunScript,
    ToolCalls,
)

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.beta.threads import Run

    from threadtrail.testing.server.script import End

INSTRUCTIONS, QUESTION, ARGUMENT, OUTPUT, ANSWER = SECRETS = tuple(
    f"conformance-secret-{what}" for what in ("instructions", "question", "argument", "output", "answer")
)
ENDS: tuple[End, ...] = (Failed(message=ANSWER), Expired(), Incomplete(), Cancelled(), Completed())
"""All ends of a run, since an exporter may export only runs of one kind."""


def server_for_runs() -> AssistantsServer:
    """Return a server, not started, for the runs of ``play``."""
    steps = (
        ToolCalls(
            CodeInterpreterCall(ARGUMENT, logs=OUTPUT),
            FileSearchCall((FileSearchResult("notes.txt", OUTPUT),)),
        ),
        ToolCalls(FunctionCall("look_up", {"word": ARGUMENT})),
        Message(Refusal(ANSWER)),
        Message(ANSWER, ImageFile()),
    )
    streamed, left = RunScript(ANSWER), RunScript(*steps, polls=1)
    scripts = iter([streamed, *(RunScript(*steps, end=end, polls=1) for end in ENDS), left])
    return AssistantsServer(lambda _: next(scripts), poll_after_ms=1)


def play(base_url: str) -> None:
    """Do what an application does: a streamed run, one run for each end, and one that it leaves open."""
    from openai import DefaultHttpxClient, OpenAI  # noqa: PLC0415 - only this needs the SDK

    # Loading certificates is slow, and nothing here is encrypted.
    plain = DefaultHttpxClient(verify=False)
    with OpenAI(base_url=base_url, api_key="sk-local", http_client=plain, max_retries=0) as client:
        beta = client.beta
        tool: Any = {"type": "function", "function": {"name": "look_up"}}
        assistant = beta.assistants.create(model="gpt-4o", instructions=INSTRUCTIONS, tools=[tool])
        thread = beta.threads.create()
        beta.threads.messages.create(thread.id, role="user", content=QUESTION)
        with beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id) as stream:
            stream.until_done()
        for _ in ENDS:
            run = _create(client, thread.id, assistant.id)
            _submit(client, run)
        beta.threads.runs.steps.list(run.id, thread_id=thread.id)
        beta.threads.messages.list(thread.id)
        _create(client, thread.id, assistant.id)


def _create(client: OpenAI, thread_id: str, assistant_id: str) -> Run:
    return client.beta.threads.runs.create_and_poll(
        thread_id=thread_id,
        assistant_id=assistant_id,
        additional_instructions=INSTRUCTIONS,
        additional_messages=[{"role": "user", "content": QUESTION}],
    )


def _submit(client: OpenAI, run: Run) -> None:
    """Submit the outputs and retrieve the run once, which has ended then.

    The SDK's polling cannot be used: openai 1.21 polls an incomplete run forever.
    """
    runs = client.beta.threads.runs
    action = run.required_action
    calls = action.submit_tool_outputs.tool_calls if action is not None else []
    runs.submit_tool_outputs(
        run_id=run.id,
        thread_id=run.thread_id,
        tool_outputs=[{"tool_call_id": call.id, "output": OUTPUT} for call in calls],
    )
    runs.retrieve(run.id, thread_id=run.thread_id)
