"""The Assistants overview of AgentOps' notebook and the OpenAI cookbook, with one line of ours.

Every run becomes a session at AgentOps: the assistant, its model turns, code interpreter, file search,
function calls. Set AGENTOPS_API_KEY and OPENAI_API_KEY, and: pip install 'threadtrail[agentops]'
"""

import json
import time

from openai import OpenAI
from openai.types.beta import Thread
from openai.types.beta.threads import Run

import threadtrail

threadtrail.instrument(exporters=["agentops"])  # the one line

client = OpenAI()
assistant = client.beta.assistants.create(
    name="Math Tutor",
    instructions="You are a personal math tutor. Answer questions briefly, in a sentence or less.",
    model="gpt-4o",
)


def submit_message(thread: Thread, user_message: str) -> Run:
    client.beta.threads.messages.create(thread_id=thread.id, role="user", content=user_message)
    return client.beta.threads.runs.create(thread_id=thread.id, assistant_id=assistant.id)


def create_thread_and_run(user_input: str) -> tuple[Thread, Run]:
    thread = client.beta.threads.create()
    return thread, submit_message(thread, user_input)


def wait_on_run(run: Run, thread: Thread) -> Run:
    while run.status in {"queued", "in_progress"}:
        time.sleep(0.05)
        run = client.beta.threads.runs.retrieve(thread_id=thread.id, run_id=run.id)
    return run


def pretty_print(thread: Thread) -> None:
    for message in client.beta.threads.messages.list(thread_id=thread.id, order="asc"):
        print(f"{message.role}: {message.content[0].text.value}")
    print()


# Three threads at once.
thread1, run1 = create_thread_and_run("I need to solve the equation `3x + 11 = 14`. Can you help me?")
thread2, run2 = create_thread_and_run("Could you explain linear algebra to me?")
thread3, run3 = create_thread_and_run("I do not like math. What can I do?")
for thread, run in ((thread1, run1), (thread2, run2), (thread3, run3)):
    wait_on_run(run, thread)
    pretty_print(thread)
wait_on_run(submit_message(thread3, "Thank you!"), thread3)
pretty_print(thread3)

# Code interpreter, and the steps of its run.
assistant = client.beta.assistants.update(assistant.id, tools=[{"type": "code_interpreter"}])
thread, run = create_thread_and_run("Generate the first 20 Fibonacci numbers with code.")
run = wait_on_run(run, thread)
for step in client.beta.threads.runs.steps.list(thread_id=thread.id, run_id=run.id, order="asc"):
    print(step.type, step.status)
pretty_print(thread)

# Retrieval. (Upload a paper of yours, put it into a vector store, and give that to the assistant.)
assistant = client.beta.assistants.update(
    assistant.id, tools=[{"type": "code_interpreter"}, {"type": "file_search"}]
)
thread, run = create_thread_and_run("What are the math concepts behind this paper? Two sentences.")
run = wait_on_run(run, thread)
client.beta.threads.runs.steps.list(
    thread_id=thread.id,
    run_id=run.id,
    order="asc",
    include=["step_details.tool_calls[*].file_search.results[*].content"],
)
pretty_print(thread)

# Functions.
QUESTION = {
    "type": "object",
    "properties": {
        "question_text": {"type": "string"},
        "question_type": {"type": "string", "enum": ["MULTIPLE_CHOICE", "FREE_RESPONSE"]},
        "choices": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["question_text", "question_type"],
}
DISPLAY_QUIZ = {
    "name": "display_quiz",
    "description": "Displays a quiz to the student, and returns the student's answers.",
    "parameters": {
        "type": "object",
        "properties": {"title": {"type": "string"}, "questions": {"type": "array", "items": QUESTION}},
        "required": ["title", "questions"],
    },
}


def display_quiz(title: str, questions: list[dict]) -> list[str]:
    print("Quiz:", title)
    answers = []
    for question in questions:
        print(question["question_text"])
        # The student is made up: "a" for any choice, "I don't know" for any free response.
        answers.append("a" if question["question_type"] == "MULTIPLE_CHOICE" else "I do not know.")
    return answers


assistant = client.beta.assistants.update(
    assistant.id, tools=[{"type": "function", "function": DISPLAY_QUIZ}]
)
thread, run = create_thread_and_run("Make a quiz: one multiple choice question, one open ended.")
run = wait_on_run(run, thread)
while run.status == "requires_action":
    outputs = [
        {
            "tool_call_id": call.id,
            "output": json.dumps(display_quiz(**json.loads(call.function.arguments))),
        }
        for call in run.required_action.submit_tool_outputs.tool_calls
    ]
    run = client.beta.threads.runs.submit_tool_outputs(
        thread_id=thread.id, run_id=run.id, tool_outputs=outputs
    )
    run = wait_on_run(run, thread)
client.beta.threads.runs.steps.list(thread_id=thread.id, run_id=run.id)
pretty_print(thread)
