"""Real runs against the local server, one to each end, with a secret in all that is content."""

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
"""All that a server can give, since an exporter may tell of runs of one kind only."""


def server_for_runs() -> AssistantsServer:
    """A server, not started, that plays the runs of ``play``."""
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
    """What an application does: a run that is streamed, one to each end, and one that it leaves open."""
    from openai import DefaultHttpxClient, OpenAI  # noqa: PLC0415 - only this needs the SDK

    # Reading certificates takes long, and nothing here is encrypted.
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
    """Submit the outputs, and look once: the run has ended.

    The SDK's own polling would not do: that of openai 1.21 does not know that an incomplete run has ended.
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
