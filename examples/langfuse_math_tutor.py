"""Langfuse's own cookbook for the Assistants API, without the tracing code in it.

The assistant, its thread and messages, the run, and the generation with model, tokens, input messages and
answer arrive in Langfuse all the same. Set LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY and LANGFUSE_BASE_URL,
and: pip install 'threadtrail[langfuse]'
"""

from openai import OpenAI
from openai.types.beta import Assistant, Thread
from openai.types.beta.threads import Run

import threadtrail

threadtrail.instrument(exporters=["langfuse"])

client = OpenAI()


def create_assistant() -> Assistant:
    return client.beta.assistants.create(
        name="Math Tutor",
        instructions="You are a personal math tutor. Answer questions briefly, in a sentence or less.",
        model="gpt-4o",
    )


def run_assistant(assistant_id: str, user_input: str) -> tuple[Run, Thread]:
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(
        thread_id=thread.id,
        role="assistant",
        content="I am a math tutor that likes to help math students, how can I help?",
    )
    client.beta.threads.messages.create(thread_id=thread.id, role="user", content=user_input)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant_id)
    return run, thread


def get_response(thread_id: str) -> str:
    messages = client.beta.threads.messages.list(thread_id=thread_id)
    content = messages.data[0].content[0]
    return content.text.value if content.type == "text" else ""


def run_math_tutor(user_input: str) -> str:
    assistant = create_assistant()
    _, thread = run_assistant(assistant.id, user_input)
    return get_response(thread.id)


if __name__ == "__main__":
    print(run_math_tutor("I need to solve the equation `3x + 11 = 14`. Can you help me?"))
