"""The *Assistants overview*: what runs can do, from polling several at once to streaming function calls."""
# ruff: noqa: T201 - a tutorial prints

from __future__ import annotations

from typing import TYPE_CHECKING

from openai import AssistantEventHandler
from typing_extensions import override

from threadtrail.commands.demo.math_tutor import newest_text
from threadtrail.commands.demo.quiz import DISPLAY_QUIZ, display_quiz

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.beta import Assistant, AssistantStreamEvent
    from openai.types.beta.assistant_tool_param import AssistantToolParam
    from openai.types.beta.threads import Run, Text, TextDelta

QUESTIONS = (
    "I need to solve the equation `3x + 11 = 14`. Can you help me?",
    "Could you explain linear algebra to me?",
    "I do not like math. What can I do?",
)
QUIZ_REQUEST = "Make a quiz: one multiple choice question, one open ended. Then tell me how I did."


def math_tutor(client: OpenAI, *tools: AssistantToolParam) -> Assistant:
    """Create the assistant that all parts use, with the tools of one part."""
    return client.beta.assistants.create(
        name="Math Tutor",
        instructions="You are a personal math tutor. Answer briefly, in a sentence or less.",
        model="gpt-4o",
        tools=tools,
    )


def ask(client: OpenAI, assistant: Assistant, thread_id: str, question: str) -> Run:
    """Add a question to a thread and create a run; do not wait for its end."""
    client.beta.threads.messages.create(thread_id, role="user", content=question)
    return client.beta.threads.runs.create(thread_id, assistant_id=assistant.id)


def three_threads_at_once(client: OpenAI) -> None:
    """Three threads at once, and a follow-up question."""
    assistant = math_tutor(client)
    runs = [ask(client, assistant, client.beta.threads.create().id, question) for question in QUESTIONS]
    for run in runs:
        client.beta.threads.runs.poll(run.id, run.thread_id)
        print(newest_text(client, run.thread_id))
    thread_id = runs[-1].thread_id
    thanks = ask(client, assistant, thread_id, "Thank you!")
    client.beta.threads.runs.poll(thanks.id, thread_id)
    print(newest_text(client, thread_id))


def code_interpreter(client: OpenAI) -> None:
    """Code interpreter, with its steps listed."""
    assistant = math_tutor(client, {"type": "code_interpreter"})
    thread = client.beta.threads.create()
    run = ask(client, assistant, thread.id, "Generate the first 20 Fibonacci numbers with code.")
    client.beta.threads.runs.poll(run.id, thread.id)
    for step in client.beta.threads.runs.steps.list(run.id, thread_id=thread.id, order="asc"):
        print(f"step {step.type}: {step.status}")
    print(newest_text(client, thread.id))


def file_search(client: OpenAI) -> None:
    """File search, with the passages it found."""
    assistant = math_tutor(client, {"type": "file_search"})
    thread = client.beta.threads.create()
    run = ask(client, assistant, thread.id, "What are the math concepts behind this paper? Two sentences.")
    client.beta.threads.runs.poll(run.id, thread.id)
    client.beta.threads.runs.steps.list(
        run.id,
        thread_id=thread.id,
        order="asc",
        # Newer SDKs have `include=[...]`.
        extra_query={"include": ["step_details.tool_calls[*].file_search.results[*].content"]},
    )
    print(newest_text(client, thread.id))


def function_call(client: OpenAI) -> None:
    """A function call, answered by the program."""
    assistant = math_tutor(client, DISPLAY_QUIZ)
    thread = client.beta.threads.create()
    run = ask(client, assistant, thread.id, QUIZ_REQUEST)
    run = client.beta.threads.runs.poll(run.id, thread.id)
    if run.required_action is not None:
        run = client.beta.threads.runs.submit_tool_outputs(
            run.id,
            thread_id=thread.id,
            tool_outputs=[
                {"tool_call_id": call.id, "output": display_quiz(call.function.arguments)}
                for call in run.required_action.submit_tool_outputs.tool_calls
            ],
        )
        client.beta.threads.runs.poll(run.id, thread.id)
    print(newest_text(client, thread.id))


class QuizHandler(AssistantEventHandler):
    """Prints the answer as it comes, and calls ``display_quiz`` when the run waits for it."""

    def __init__(self, client: OpenAI) -> None:
        super().__init__()
        self._client = client

    @override
    def on_event(self, event: AssistantStreamEvent) -> None:
        """Answer the calls that the run waits for."""
        if event.event == "thread.run.requires_action" and event.data.required_action is not None:
            calls = event.data.required_action.submit_tool_outputs.tool_calls
            with self._client.beta.threads.runs.submit_tool_outputs_stream(
                run_id=event.data.id,
                thread_id=event.data.thread_id,
                tool_outputs=[
                    {"tool_call_id": call.id, "output": display_quiz(call.function.arguments)}
                    for call in calls
                ],
                event_handler=QuizHandler(self._client),
            ) as stream:
                stream.until_done()

    @override
    def on_text_delta(self, delta: TextDelta, snapshot: Text) -> None:
        """Print what was added."""
        print(delta.value, end="", flush=True)

    @override
    def on_text_done(self, text: Text) -> None:
        """End the line."""
        print()


def stream(client: OpenAI) -> None:
    """Once more as a stream, with an event handler."""
    assistant = math_tutor(client, DISPLAY_QUIZ)
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(thread.id, role="user", content=QUIZ_REQUEST)
    with client.beta.threads.runs.stream(
        thread_id=thread.id, assistant_id=assistant.id, event_handler=QuizHandler(client)
    ) as run_stream:
        run_stream.until_done()


PARTS = (three_threads_at_once, code_interpreter, file_search, function_call, stream)
"""In the order in which they are played; the first line of each docstring is its headline."""
