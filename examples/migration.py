"""The Math Tutor in both APIs, side by side: the same questions, the same runs.

An assistant becomes the instructions of a request, a thread a conversation, a run a response. What is
recorded has the same shape on both sides: a run per question, with input, output, tokens and times, and the
thread or the conversation that it belongs to. OpenAI switched its Assistants API off on 2026-08-26: the first
half is for servers that still have it, such as `python -m threadtrail.testing.server`.
"""

from openai import OpenAI

import threadtrail

threadtrail.instrument()

MODEL = "gpt-4o"
NAME = "Math Tutor"
INSTRUCTIONS = "You are a personal math tutor. Answer briefly, in a sentence or less."
QUESTIONS = ("I need to solve the equation `3x + 11 = 14`. Can you help me?", "How do I check that?")

client = OpenAI()


def with_assistants() -> None:
    assistant = client.beta.assistants.create(name=NAME, instructions=INSTRUCTIONS, model=MODEL)
    thread = client.beta.threads.create()
    for question in QUESTIONS:
        client.beta.threads.messages.create(thread.id, role="user", content=question)
        run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
        newest = client.beta.threads.messages.list(thread.id, limit=1).data[0]
        print(f"{run.status}: {newest.content[0].text.value}")


def with_responses() -> None:
    conversation = client.conversations.create()
    for question in QUESTIONS:
        response = client.responses.create(
            model=MODEL, instructions=INSTRUCTIONS, input=question, conversation=conversation.id
        )
        print(f"{response.status}: {response.output_text}")


with threadtrail.trace(NAME, tags=["assistants"]):
    with_assistants()
with threadtrail.trace(NAME, tags=["responses"]):
    with_responses()
